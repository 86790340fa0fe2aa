package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
)

const (
	// defaultEndpoint is where serve listens when it is not told otherwise.
	defaultEndpoint = "http://127.0.0.1:4566"
	// awsItself is the --endpoint that means AWS's own endpoints.
	awsItself = "aws"
)

// awsConfig is the SDK's default configuration, pointed at an endpoint: the one given, else that of
// AWS_ENDPOINT_URL or the profile, else hydrant's default address. "aws" means AWS itself. At an
// endpoint that is not AWS, missing credentials become test/test and a missing Region us-east-1.
func awsConfig(ctx context.Context, endpoint, region string) (aws.Config, error) {
	var opts []func(*config.LoadOptions) error
	if region != "" {
		opts = append(opts, config.WithRegion(region))
	}
	if endpoint != "" && endpoint != awsItself {
		opts = append(opts, config.WithBaseEndpoint(endpoint))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, err
	}
	cfg.HTTPClient = awsbody.Over(cfg.HTTPClient)
	if endpoint == awsItself {
		cfg.BaseEndpoint = nil
		return cfg, nil
	}
	if cfg.BaseEndpoint == nil {
		cfg.BaseEndpoint = aws.String(defaultEndpoint)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if !credentialsConfigured(ctx) {
		cfg.Credentials = credentials.NewStaticCredentialsProvider("test", "test", "")
	}
	return cfg, nil
}

// credentialsConfigured reports whether somebody has set up credentials here, without fetching any:
// the SDK would go on to ask the instance metadata service, which takes its time to not be there.
func credentialsConfigured(ctx context.Context) bool {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	p, err := config.LoadSharedConfigProfile(ctx, "default")
	return err == nil && (p.Credentials.HasKeys() || p.CredentialProcess != "" || p.RoleARN != "" ||
		p.SSOStartURL != "" || p.SSOSessionName != "" || p.WebIdentityTokenFile != "" || p.CredentialSource != "")
}
