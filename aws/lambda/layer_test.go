package lambda

import (
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/hydrant-stream/hydrant/internal/absent"
)

func TestLayers(t *testing.T) {
	if exec.Command("python3", "-c", "").Run() != nil {
		absent.Skip(t, "python3 is not on PATH")
	}
	h := newHouse(t, nil)
	ctx := t.Context()
	publish := func(name string, files map[string]string) *sdk.PublishLayerVersionOutput {
		t.Helper()
		out, err := h.PublishLayerVersion(ctx, &sdk.PublishLayerVersionInput{LayerName: &name, Description: aws.String("d"), Content: &types.LayerVersionContentInput{ZipFile: zipped(t, files)},
			CompatibleRuntimes: []types.Runtime{types.RuntimePython311}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	one := publish("lib", map[string]string{"python/words.py": "word = 'one'\n", "python/lib/python3.11/site-packages/deep.py": "at = 'deep'\n"})
	two := publish("lib", map[string]string{"python/words.py": "word = 'two'\n", "python/lib/python3.11/site-packages/deep.py": "at = 'deep'\n"})
	over := publish("over", map[string]string{"python/words.py": "word = 'over'\n"})
	if one.Version != 1 || two.Version != 2 || *two.LayerVersionArn != "arn:aws:lambda:us-east-1:000000000000:layer:lib:2" || *two.LayerArn != "arn:aws:lambda:us-east-1:000000000000:layer:lib" {
		t.Errorf("%+v", two)
	}
	res, err := http.Get(*two.Content.Location)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if int64(len(body)) != two.Content.CodeSize {
		t.Errorf("download: %s, %d bytes", res.Status, len(body))
	}

	_, err = h.CreateFunction(ctx, &sdk.CreateFunctionInput{FunctionName: aws.String("f"), Role: aws.String(role), Runtime: types.RuntimePython311, Handler: aws.String("app.handler"), MemorySize: aws.Int32(512), Timeout: aws.Int32(30),
		Layers: []string{*one.LayerVersionArn}, Code: &types.FunctionCode{ZipFile: zipped(t, map[string]string{"app.py": "import words, deep\ndef handler(e, c): return words.word + deep.at\n"})}})
	if err != nil {
		t.Fatal(err)
	}
	want := func(answer string) {
		t.Helper()
		if out := h.invoke("f", `{}`); string(out.Payload) != answer {
			t.Errorf("%s, want %s", out.Payload, answer)
		}
	}
	use := func(arns ...string) error {
		_, err := h.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Layers: arns})
		return err
	}
	want(`"onedeep"`)
	if err := use(*two.LayerVersionArn, *over.LayerVersionArn); err != nil {
		t.Fatal(err)
	}
	want(`"overdeep"`) // the last layer is on top
	wantFault(t, use(*one.LayerVersionArn, *two.LayerVersionArn), "InvalidParameterValueException", "Two different versions of the same layer")
	wantFault(t, use(*one.LayerArn+":9"), "InvalidParameterValueException", "does not exist")

	// A deleted layer goes on in the function that has it, after a restart too, and then goes.
	for _, v := range []*sdk.PublishLayerVersionOutput{one, two} {
		if _, err := h.DeleteLayerVersion(ctx, &sdk.DeleteLayerVersionInput{LayerName: v.LayerArn, VersionNumber: &v.Version}); err != nil {
			t.Fatal(err)
		}
	}
	h.close()
	h.open()
	want(`"overdeep"`)
	got, err := h.GetFunctionConfiguration(ctx, &sdk.GetFunctionConfigurationInput{FunctionName: aws.String("f")})
	if err != nil || len(got.Layers) != 2 || *got.Layers[0].Arn != *two.LayerVersionArn || got.Layers[0].CodeSize != two.Content.CodeSize {
		t.Errorf("%+v %v", got.Layers, err)
	}
	_, err = h.GetLayerVersion(ctx, &sdk.GetLayerVersionInput{LayerName: aws.String("lib"), VersionNumber: aws.Int64(2)})
	wantFault(t, err, "ResourceNotFoundException", "")
	byARN, err := h.GetLayerVersionByArn(ctx, &sdk.GetLayerVersionByArnInput{Arn: over.LayerVersionArn})
	if err != nil || byARN.Version != 1 || *byARN.Description != "d" {
		t.Errorf("%+v %v", byARN, err)
	}
	if v := publish("lib", map[string]string{"x": "x"}); v.Version != 3 {
		t.Errorf("the number %d was given twice", v.Version)
	}
	versions, err := h.ListLayerVersions(ctx, &sdk.ListLayerVersionsInput{LayerName: aws.String("lib")})
	if err != nil || len(versions.LayerVersions) != 1 || versions.LayerVersions[0].Version != 3 {
		t.Errorf("%+v %v", versions, err)
	}
	layers, err := h.ListLayers(ctx, &sdk.ListLayersInput{CompatibleRuntime: types.RuntimePython311})
	if err != nil || len(layers.Layers) != 2 || *layers.Layers[1].LayerName != "over" {
		t.Errorf("%+v %v", layers, err)
	}
	if _, err := h.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Layers: []string{}}); err != nil {
		t.Fatal(err)
	}
	if out := h.invoke("f", `{}`); aws.ToString(out.FunctionError) == "" {
		t.Errorf("%s without its layers", out.Payload)
	}
	zips, _ := filepath.Glob(filepath.Join(h.cfg.Dir, "code", "zip", "*.zip"))
	if len(zips) != 3 { // the function, lib:3, over:1
		t.Errorf("%d archives are kept, want 3", len(zips))
	}
}

// TestBootstrapInALayer: a custom runtime may be shared as a layer.
func TestBootstrapInALayer(t *testing.T) {
	h := newHouse(t, nil)
	l, err := h.PublishLayerVersion(t.Context(), &sdk.PublishLayerVersionInput{LayerName: aws.String("runtime"), Content: &types.LayerVersionContentInput{ZipFile: zipped(t, map[string]string{
		"bootstrap": script(`OUT="\"$(cat handler.txt) $(. tool)\""`), "bin/tool": "#!/bin/sh\necho tooled\n"})}})
	if err != nil {
		t.Fatal(err)
	}
	h.create("f", "", func(in *sdk.CreateFunctionInput) {
		in.Layers = []string{*l.LayerVersionArn}
		in.Code.ZipFile = zipped(t, map[string]string{"handler.txt": "mine"})
	})
	if out := h.invoke("f", `{}`); string(out.Payload) != `"mine tooled"` {
		t.Errorf("%s", out.Payload)
	}
}
