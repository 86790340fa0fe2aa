package main

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/aws/s3"
)

// bucketProperties are those a bucket here can honour: it is private, its owner owns every object.
type bucketProperties struct {
	BucketName                     string
	PublicAccessBlockConfiguration *struct {
		BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets bool
	}
	BucketEncryption *struct {
		ServerSideEncryptionConfiguration []struct {
			BucketKeyEnabled              bool
			ServerSideEncryptionByDefault *struct {
				SSEAlgorithm   string `required:""`
				KMSMasterKeyID string
			}
		} `required:""`
	}
	Tags              []cfnTag
	OwnershipControls *struct {
		Rules []struct{ ObjectOwnership string }
	}
	VersioningConfiguration *struct {
		Status string `required:""`
	}
}

// hold refuses what would have to be made up.
func (p *bucketProperties) hold() error {
	if c := p.OwnershipControls; c != nil {
		for _, r := range c.Rules {
			if r.ObjectOwnership != "BucketOwnerEnforced" {
				return cloudformation.InvalidProperty("OwnershipControls other than BucketOwnerEnforced are not available in hydrant")
			}
		}
	}
	if v := p.VersioningConfiguration; v != nil && v.Status != "Suspended" {
		return cloudformation.InvalidProperty("VersioningConfiguration is not available in hydrant")
	}
	return nil
}

// set puts on a bucket what the properties say, where it is not what old, nil for a new bucket, said.
func (p *bucketProperties) set(ctx context.Context, s *s3.Service, name string, old *bucketProperties) error {
	if old == nil {
		old = &bucketProperties{}
	}
	ref := s3.BucketRef{Bucket: name}
	var err error
	if a := p.PublicAccessBlockConfiguration; !reflect.DeepEqual(a, old.PublicAccessBlockConfiguration) {
		if a == nil {
			_, err = ask(ctx, "s3:DeletePublicAccessBlock", s.DeletePublicAccessBlock, &ref)
		} else {
			_, err = ask(ctx, "s3:PutPublicAccessBlock", s.PutPublicAccessBlock, &s3.PutPublicAccessBlockIn{BucketRef: ref, PublicAccessBlock: s3.PublicAccessBlock{
				BlockPublicAcls: a.BlockPublicAcls, IgnorePublicAcls: a.IgnorePublicAcls, BlockPublicPolicy: a.BlockPublicPolicy, RestrictPublicBuckets: a.RestrictPublicBuckets}})
		}
	}
	if err == nil && !reflect.DeepEqual(p.BucketEncryption, old.BucketEncryption) {
		err = p.encrypt(ctx, s, ref)
	}
	if err == nil && !reflect.DeepEqual(p.Tags, old.Tags) {
		in := &s3.PutBucketTaggingIn{BucketRef: ref}
		for _, t := range p.Tags {
			in.TagSet = append(in.TagSet, s3.Tag(t))
		}
		_, err = ask(ctx, "s3:PutBucketTagging", s.PutBucketTagging, in)
	}
	return err
}

func (p *bucketProperties) encrypt(ctx context.Context, s *s3.Service, ref s3.BucketRef) error {
	if p.BucketEncryption == nil {
		_, err := ask(ctx, "s3:DeleteBucketEncryption", s.DeleteBucketEncryption, &ref)
		return err
	}
	in := &s3.PutBucketEncryptionIn{BucketRef: ref}
	for _, r := range p.BucketEncryption.ServerSideEncryptionConfiguration {
		rule := s3.EncryptionRule{BucketKeyEnabled: r.BucketKeyEnabled}
		if d := r.ServerSideEncryptionByDefault; d != nil {
			rule.ApplyServerSideEncryptionByDefault = &s3.EncryptionDefault{SSEAlgorithm: d.SSEAlgorithm, KMSMasterKeyID: d.KMSMasterKeyID}
		}
		in.Rules = append(in.Rules, rule)
	}
	_, err := ask(ctx, "s3:PutBucketEncryption", s.PutBucketEncryption, in)
	return err
}

func bucketType(s *s3.Service) cloudformation.Handler {
	made := func(ctx context.Context, name string) cloudformation.Made {
		region := hydrant.ScopeOf(ctx).Region
		return cloudformation.Made{ID: name, Attributes: map[string]any{
			"Arn": "arn:aws:s3:::" + name, "DomainName": name + ".s3.amazonaws.com",
			"RegionalDomainName":  name + ".s3." + region + ".amazonaws.com",
			"DualStackDomainName": name + ".s3.dualstack." + region + ".amazonaws.com",
			"WebsiteURL":          "http://" + name + ".s3-website-" + region + ".amazonaws.com",
		}}
	}
	return &cloudformation.Typed[bucketProperties]{
		Facts: cloudformation.Schema{
			Name: "BucketName", MaxName: 63, LowerName: true, Replace: []string{"BucketName"},
			Attributes: []string{"Arn", "DomainName", "RegionalDomainName", "DualStackDomainName", "WebsiteURL"},
		},
		Make: func(ctx context.Context, _ string, p *bucketProperties) (cloudformation.Made, error) {
			if err := p.hold(); err != nil {
				return cloudformation.Made{}, err
			}
			in := &s3.CreateBucketIn{BucketRef: s3.BucketRef{Bucket: p.BucketName}}
			if region := hydrant.ScopeOf(ctx).Region; region != "us-east-1" {
				in.LocationConstraint = region
			}
			if _, err := ask(ctx, "s3:CreateBucket", s.CreateBucket, in); err != nil {
				return cloudformation.Made{}, err
			}
			return made(ctx, p.BucketName), p.set(ctx, s, p.BucketName, nil)
		},
		Rest: func(ctx context.Context, id string, p *bucketProperties) (cloudformation.Made, error) {
			return made(ctx, id), p.set(ctx, s, id, nil)
		},
		Turn: func(ctx context.Context, id string, old, p *bucketProperties) (cloudformation.Made, error) {
			if err := p.hold(); err != nil {
				return made(ctx, id), err
			}
			return made(ctx, id), p.set(ctx, s, id, old)
		},
		Drop: func(ctx context.Context, id string, _ *bucketProperties) error {
			_, err := ask(ctx, "s3:DeleteBucket", s.DeleteBucket, &s3.BucketRef{Bucket: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *bucketProperties) (cloudformation.Made, error) {
			id = cmp.Or(id, p.BucketName)
			_, err := ask(ctx, "s3:HeadBucket", s.HeadBucket, &s3.BucketRef{Bucket: id})
			return made(ctx, id), err
		},
	}
}

type logGroupProperties struct {
	LogGroupName              string
	RetentionInDays           *int
	KmsKeyId                  string
	LogGroupClass             string
	DeletionProtectionEnabled bool
	Tags                      []cfnTag
}

func logGroupType(s *cwlogs.Service) cloudformation.Handler {
	made := func(ctx context.Context, name string) cloudformation.Made {
		return cloudformation.Made{ID: name, Attributes: map[string]any{"Arn": hydrant.ScopeOf(ctx).ARN("logs", "log-group:"+name+":*")}}
	}
	retain := func(ctx context.Context, p *logGroupProperties) error {
		if p.RetentionInDays == nil {
			_, err := ask(ctx, "logs:DeleteRetentionPolicy", s.DeleteRetentionPolicy, &cwlogs.LogGroupIn{LogGroupName: p.LogGroupName})
			return err
		}
		_, err := ask(ctx, "logs:PutRetentionPolicy", s.PutRetentionPolicy, &cwlogs.PutRetentionPolicyIn{LogGroupName: p.LogGroupName, RetentionInDays: p.RetentionInDays})
		return err
	}
	return &cloudformation.Typed[logGroupProperties]{
		Facts: cloudformation.Schema{Name: "LogGroupName", MaxName: 512, Replace: []string{"LogGroupName", "LogGroupClass", "KmsKeyId"}, Attributes: []string{"Arn"}},
		Make: func(ctx context.Context, _ string, p *logGroupProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "logs:CreateLogGroup", s.CreateLogGroup, &cwlogs.CreateLogGroupIn{LogGroupName: p.LogGroupName, KmsKeyId: p.KmsKeyId, LogGroupClass: p.LogGroupClass, DeletionProtectionEnabled: p.DeletionProtectionEnabled, Tags: tagMap(p.Tags)})
			if err == nil && p.RetentionInDays != nil {
				err = retain(ctx, p)
			}
			return made(ctx, p.LogGroupName), err
		},
		Rest: func(ctx context.Context, id string, p *logGroupProperties) (cloudformation.Made, error) {
			if p.RetentionInDays == nil {
				return made(ctx, id), nil
			}
			return made(ctx, id), retain(ctx, p)
		},
		Turn: func(ctx context.Context, id string, old, p *logGroupProperties) (cloudformation.Made, error) {
			if !reflect.DeepEqual(old.RetentionInDays, p.RetentionInDays) {
				if err := retain(ctx, p); err != nil {
					return made(ctx, id), err
				}
			}
			if old.DeletionProtectionEnabled != p.DeletionProtectionEnabled {
				if _, err := ask(ctx, "logs:PutLogGroupDeletionProtection", s.PutLogGroupDeletionProtection, &cwlogs.PutLogGroupDeletionProtectionIn{LogGroupIdentifier: id, DeletionProtectionEnabled: &p.DeletionProtectionEnabled}); err != nil {
					return made(ctx, id), err
				}
			}
			set, off := retag(tagMap(old.Tags), tagMap(p.Tags))
			if off != nil {
				if _, err := ask(ctx, "logs:UntagLogGroup", s.UntagLogGroup, &cwlogs.UntagLogGroupIn{LogGroupName: id, Tags: off}); err != nil {
					return made(ctx, id), err
				}
			}
			if set != nil {
				if _, err := ask(ctx, "logs:TagLogGroup", s.TagLogGroup, &cwlogs.TagLogGroupIn{LogGroupName: id, Tags: set}); err != nil {
					return made(ctx, id), err
				}
			}
			return made(ctx, id), nil
		},
		Drop: func(ctx context.Context, id string, _ *logGroupProperties) error {
			_, err := ask(ctx, "logs:DeleteLogGroup", s.DeleteLogGroup, &cwlogs.LogGroupIn{LogGroupName: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *logGroupProperties) (cloudformation.Made, error) {
			id = cmp.Or(id, p.LogGroupName)
			out, err := ask(ctx, "logs:DescribeLogGroups", s.DescribeLogGroups, &cwlogs.DescribeLogGroupsIn{LogGroupNamePrefix: id})
			if err != nil {
				return cloudformation.Made{}, err
			}
			if !slices.ContainsFunc(out.LogGroups, func(g cwlogs.LogGroup) bool { return g.LogGroupName == id }) {
				return cloudformation.Made{}, cloudformation.ErrNotFound
			}
			return made(ctx, id), nil
		},
	}
}

type logStreamProperties struct {
	LogGroupName  string `required:""`
	LogStreamName string
}

func logStreamType(s *cwlogs.Service) cloudformation.Handler {
	return &cloudformation.Typed[logStreamProperties]{
		Facts: cloudformation.Schema{Name: "LogStreamName", MaxName: 512, Replace: []string{"LogGroupName", "LogStreamName"}},
		Make: func(ctx context.Context, _ string, p *logStreamProperties) (cloudformation.Made, error) {
			_, err := ask(ctx, "logs:CreateLogStream", s.CreateLogStream, &cwlogs.LogStreamIn{LogGroupName: p.LogGroupName, LogStreamName: p.LogStreamName})
			return cloudformation.Made{ID: p.LogStreamName}, err
		},
		Turn: func(_ context.Context, id string, _, _ *logStreamProperties) (cloudformation.Made, error) {
			return cloudformation.Made{ID: id}, nil
		},
		Drop: func(ctx context.Context, id string, p *logStreamProperties) error {
			_, err := ask(ctx, "logs:DeleteLogStream", s.DeleteLogStream, &cwlogs.LogStreamIn{LogGroupName: p.LogGroupName, LogStreamName: id})
			return err
		},
		Look: func(ctx context.Context, id, _ string, p *logStreamProperties) (cloudformation.Made, error) {
			id = cmp.Or(id, p.LogStreamName)
			out, err := ask(ctx, "logs:DescribeLogStreams", s.DescribeLogStreams, &cwlogs.DescribeLogStreamsIn{LogGroupName: p.LogGroupName, LogStreamNamePrefix: id})
			if err != nil {
				return cloudformation.Made{}, err
			}
			for _, l := range out.LogStreams {
				if l.LogStreamName == id {
					return cloudformation.Made{ID: id}, nil
				}
			}
			return cloudformation.Made{}, cloudformation.ErrNotFound
		},
	}
}
