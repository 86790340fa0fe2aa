package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"reflect"
	"strings"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/lambda"
)

type functionProperties struct {
	FunctionName     string
	Role             string         `required:""`
	Code             codeProperties `required:""`
	Runtime          string
	Handler          *string
	Description      *string
	Timeout          *int
	MemorySize       *int
	PackageType      string
	Environment      *lambda.Environment
	Tags             []cfnTag
	Architectures    []string
	EphemeralStorage *lambda.EphemeralStorage
	TracingConfig    *lambda.TracingConfig
	LoggingConfig    *lambda.LoggingConfig
	Layers           []string
	VpcConfig        *lambda.VpcConfig
	DeadLetterConfig *lambda.DeadLetterConfig
	SnapStart        *struct{ ApplyOn string }

	ReservedConcurrentExecutions *int
}

type codeProperties struct {
	ZipFile         *string // source text, of Python and Node.js only
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
	ImageUri        string
}

// maxInlineCode is the most characters ZipFile may have (4 MB in today's documentation).
const maxInlineCode = 4 << 20

// code is where the archive comes from; inline source becomes an archive of one file named index.
func (p *functionProperties) code() (lambda.FunctionCode, error) {
	c := lambda.FunctionCode{S3Bucket: p.Code.S3Bucket, S3Key: p.Code.S3Key, S3ObjectVersion: p.Code.S3ObjectVersion, ImageUri: p.Code.ImageUri}
	if p.Code.ZipFile == nil {
		return c, nil
	}
	name := ""
	switch {
	case strings.HasPrefix(p.Runtime, "python"):
		name = "index.py"
	case strings.HasPrefix(p.Runtime, "nodejs"):
		name = "index.js"
	default:
		return c, hydrant.Faultf("InvalidRequest", "ZipFile can only be used when Runtime is set to either of nodejs, python.")
	}
	if len(*p.Code.ZipFile) > maxInlineCode {
		return c, hydrant.Faultf("InvalidRequest", "ZipFile may not have more than %d characters.", maxInlineCode)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(0o644)
	w, err := z.CreateHeader(h)
	if err != nil {
		return c, err
	}
	if _, err := w.Write([]byte(*p.Code.ZipFile)); err != nil {
		return c, err
	}
	if err := z.Close(); err != nil {
		return c, err
	}
	c.ZipFile = b.Bytes()
	return c, nil
}

func (p *functionProperties) snapStart() *lambda.SnapStart {
	if p.SnapStart == nil {
		return nil
	}
	return &lambda.SnapStart{ApplyOn: p.SnapStart.ApplyOn}
}

// functionHandler makes AWS::Lambda::Function.
type functionHandler struct{ *lambda.Service }

func functionType(s *lambda.Service) cloudformation.Handler {
	h := functionHandler{s}
	return &cloudformation.Typed[functionProperties]{
		Facts: cloudformation.Schema{Name: "FunctionName", MaxName: 64, Replace: []string{"FunctionName", "PackageType"}, Attributes: []string{"Arn"}},
		Make:  h.create,
		Rest:  h.finish,
		Turn:  h.update,
		Drop: func(ctx context.Context, id string, _ *functionProperties) error {
			_, err := ask(ctx, "lambda:DeleteFunction", s.DeleteFunction, &lambda.FunctionIn{FunctionName: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *functionProperties) (cloudformation.Made, error) {
			out, err := ask(ctx, "lambda:GetFunction", s.GetFunction, &lambda.FunctionIn{FunctionName: cmp.Or(id, p.FunctionName)})
			if err != nil {
				return cloudformation.Made{}, err
			}
			return madeFunction(out.Configuration), nil
		},
	}
}

func madeFunction(c *lambda.Configuration) cloudformation.Made {
	return cloudformation.Made{ID: c.FunctionName, Attributes: map[string]any{"Arn": c.FunctionArn}}
}

// ready waits for the function to take calls and changes.
func (h functionHandler) ready(ctx context.Context, name string) (m cloudformation.Made, err error) {
	err = poll(ctx, func() (bool, error) {
		out, err := ask(ctx, "lambda:GetFunction", h.GetFunction, &lambda.FunctionIn{FunctionName: name})
		if err != nil {
			return false, err
		}
		c := out.Configuration
		if c.State == "Failed" || c.LastUpdateStatus == "Failed" {
			return false, hydrant.Faultf("NotStabilized", "%s", cmp.Or(c.StateReason, c.LastUpdateStatusReason))
		}
		m = madeFunction(c)
		return c.State != "Pending" && c.LastUpdateStatus != "InProgress", nil
	})
	return m, err
}

func (h functionHandler) create(ctx context.Context, _ string, p *functionProperties) (m cloudformation.Made, err error) {
	code, err := p.code()
	if err != nil {
		return m, err
	}
	_, err = ask(ctx, "lambda:CreateFunction", h.CreateFunction, &lambda.CreateFunctionIn{
		FunctionName: p.FunctionName, Role: p.Role, Code: code, Runtime: p.Runtime, Handler: p.Handler,
		Description: p.Description, Timeout: p.Timeout, MemorySize: p.MemorySize, PackageType: p.PackageType, Environment: p.Environment,
		Tags: tagMap(p.Tags), Architectures: p.Architectures, EphemeralStorage: p.EphemeralStorage, TracingConfig: p.TracingConfig,
		LoggingConfig: p.LoggingConfig, Layers: p.Layers, VpcConfig: p.VpcConfig, DeadLetterConfig: p.DeadLetterConfig, SnapStart: p.snapStart(),
	})
	if err != nil {
		return m, err
	}
	return h.finish(ctx, p.FunctionName, p)
}

func (h functionHandler) finish(ctx context.Context, _ string, p *functionProperties) (m cloudformation.Made, err error) {
	if p.ReservedConcurrentExecutions != nil {
		if err := h.reserve(ctx, p); err != nil {
			return m, err
		}
	}
	return h.ready(ctx, p.FunctionName)
}

func (h functionHandler) reserve(ctx context.Context, p *functionProperties) error {
	if p.ReservedConcurrentExecutions == nil {
		_, err := ask(ctx, "lambda:DeleteFunctionConcurrency", h.DeleteFunctionConcurrency, &lambda.FunctionIn{FunctionName: p.FunctionName})
		return err
	}
	_, err := ask(ctx, "lambda:PutFunctionConcurrency", h.PutFunctionConcurrency, &lambda.PutFunctionConcurrencyIn{FunctionName: p.FunctionName, ReservedConcurrentExecutions: p.ReservedConcurrentExecutions})
	return err
}

// update sets every setting anew, and the code where the template gives another.
func (h functionHandler) update(ctx context.Context, id string, old, p *functionProperties) (m cloudformation.Made, err error) {
	if m, err = h.ready(ctx, id); err != nil {
		return m, err
	}
	if !reflect.DeepEqual(old.Code, p.Code) || !reflect.DeepEqual(old.Architectures, p.Architectures) {
		code, err := p.code()
		if err != nil {
			return m, err
		}
		_, err = ask(ctx, "lambda:UpdateFunctionCode", h.UpdateFunctionCode, &lambda.UpdateFunctionCodeIn{
			FunctionName: id, ZipFile: code.ZipFile, S3Bucket: code.S3Bucket, S3Key: code.S3Key, S3ObjectVersion: code.S3ObjectVersion,
			ImageUri: code.ImageUri, Architectures: p.Architectures,
		})
		if err != nil {
			return m, err
		}
		if m, err = h.ready(ctx, id); err != nil {
			return m, err
		}
	}
	environment := p.Environment
	if environment == nil {
		environment = &lambda.Environment{}
	}
	_, err = ask(ctx, "lambda:UpdateFunctionConfiguration", h.UpdateFunctionConfiguration, &lambda.UpdateFunctionConfigurationIn{
		FunctionName: id, Role: &p.Role, Runtime: p.Runtime, Handler: p.Handler,
		Description: orDefault(p.Description, ""), Timeout: orDefault(p.Timeout, 3), MemorySize: orDefault(p.MemorySize, 128), Environment: environment,
		EphemeralStorage: orDefault(p.EphemeralStorage, lambda.EphemeralStorage{Size: 512}), TracingConfig: p.TracingConfig, LoggingConfig: p.LoggingConfig,
		Layers: p.Layers, VpcConfig: p.VpcConfig, DeadLetterConfig: p.DeadLetterConfig, SnapStart: p.snapStart(),
	})
	if err != nil {
		return m, err
	}
	if !reflect.DeepEqual(old.ReservedConcurrentExecutions, p.ReservedConcurrentExecutions) {
		if err := h.reserve(ctx, p); err != nil {
			return m, err
		}
	}
	if err := retagLambda(ctx, h.Service, m.Attributes["Arn"].(string), old.Tags, p.Tags); err != nil {
		return m, err
	}
	return h.ready(ctx, id)
}

func retagLambda(ctx context.Context, s *lambda.Service, arn string, old, now []cfnTag) error {
	set, off := retag(tagMap(old), tagMap(now))
	if off != nil {
		if _, err := ask(ctx, "lambda:UntagResource", s.UntagResource, &lambda.UntagResourceIn{Resource: arn, TagKeys: off}); err != nil {
			return err
		}
	}
	if set == nil {
		return nil
	}
	_, err := ask(ctx, "lambda:TagResource", s.TagResource, &lambda.TagResourceIn{Resource: arn, Tags: set})
	return err
}
