// Package s3 keeps objects in an S3-compatible endpoint, Amazon's or another's, through the AWS SDK.
//
//	s3.go    the client: endpoint, credentials, deadlines; buckets
//	put.go   an object on its way out: in one, or in parts
//	get.go   reading, describing, tagging, removing
//	list.go  pages of keys
//	meta.go  what is said of an object, as headers
//	fault.go what endpoints answer, in the words of package blob
//
// It asks of an endpoint what all of them have: objects in one and in parts, ListObjectsV2, ranges, and
// for conditional writes If-Match and If-None-Match. Checksums beyond the signature's are sent only
// where S3 demands one, for other implementations refuse the newer kinds.
//
// Where it is narrower than the other stores: the ETag is the endpoint's own; listings say no more of
// an object than size, ETag, time and class; times are whole seconds; sizes of parts are not kept.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
	"github.com/hydrant-stream/hydrant/store/blob"
)

const (
	// partBytes is the most of an object that is held in memory, and the size of its parts. S3 wants
	// at least 5 MiB, and some endpoints want all parts but the last to be of one size.
	partBytes = 8 << 20
	// maxParts is S3's. An object is at most 78 GiB.
	maxParts = 10_000

	// An endpoint that does not take or give anything for so long is away.
	dialTimeout   = 10 * time.Second
	answerTimeout = 60 * time.Second
	// callTimeout bounds a call that moves at most one part: 8 MiB at 70 kB/s.
	callTimeout = 2 * time.Minute
	// idleTimeout bounds one read of a body.
	idleTimeout = 60 * time.Second
	// abortTimeout bounds what is done for the sake of order only: whoever gave up may be closing.
	abortTimeout = 3 * time.Second
	attempts     = 3
)

// Config says where the endpoint is. Credentials and Region are what the SDK finds: environment,
// profile, web identity, instance role.
type Config struct {
	// Endpoint is the URL of an endpoint other than Amazon's; buckets are then named in the path. Empty:
	// Amazon's, whatever AWS_ENDPOINT_URL says, for that commonly names hydrant itself.
	Endpoint string
	// Region and Credentials override what the SDK finds.
	Region      string
	Credentials aws.CredentialsProvider
	// Timeout overrides how long an endpoint may be silent; for tests.
	Timeout time.Duration
}

// Store is a blob.Store behind an endpoint.
type Store struct {
	client  *s3.Client
	opened  time.Time
	timeout time.Duration // of a call
	idle    time.Duration // of a read
	parts   sync.Pool     // *[]byte of partBytes

	mu   sync.Mutex
	left map[place][]string // uploads that could not be aborted
}

var _ blob.Store = (*Store)(nil)

// Open makes a client. It does not ask the endpoint anything: one that is away is met by the first call.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{opened: time.Now(), timeout: callTimeout, idle: idleTimeout, left: map[place][]string{}}
	s.parts.New = func() any { b := make([]byte, partBytes); return &b }
	answer := answerTimeout
	if c.Timeout > 0 {
		s.timeout, s.idle, answer = c.Timeout, c.Timeout, c.Timeout
	}
	// One the SDK can still put a bundle of certificates into (AWS_CA_BUNDLE).
	client := awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) { d.Timeout = min(dialTimeout, answer) }).
		WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout, t.MaxIdleConnsPerHost = answer, 16 })
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithHTTPClient(client)}
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	}
	if c.Credentials != nil {
		options = append(options, awsconfig.WithCredentialsProvider(c.Credentials))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("s3: settings of the SDK: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	cfg.HTTPClient = awsbody.Over(cfg.HTTPClient)
	s.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.BaseEndpoint = nil
		if c.Endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = aws.String(c.Endpoint), true
		}
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		// Callers try again for as long as it takes, so no budget of retries may run out here.
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.RateLimiter = attempts, ratelimit.None })
	})
	return s, nil
}

// call bounds a call that moves at most one part.
func (s *Store) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.timeout, errSilent)
}

// CreateBucket makes a bucket at the endpoint. The account is whoever the credentials belong to.
func (s *Store) CreateBucket(ctx context.Context, b blob.BucketInfo) error {
	ctx, cancel := s.call(ctx)
	defer cancel()
	// In us-east-1 S3 answers the owner of a bucket that it was made.
	if _, err := s.Bucket(ctx, b.Name); err == nil {
		return blob.ErrBucketExists
	} else if !errors.Is(err, blob.ErrNoBucket) {
		return err
	}
	in := &s3.CreateBucketInput{Bucket: &b.Name}
	if r := s.client.Options().Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	_, err := s.client.CreateBucket(ctx, in)
	return s.fault(ctx, err, place{b.Name, ""})
}

// DeleteBucket removes an empty bucket.
func (s *Store) DeleteBucket(ctx context.Context, bucket string) error {
	ctx, cancel := s.call(ctx)
	defer cancel()
	_, err := s.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	return s.fault(ctx, err, place{bucket, ""})
}

// Bucket tells name and Region; an endpoint does not tell the rest of one bucket.
func (s *Store) Bucket(ctx context.Context, bucket string) (blob.BucketInfo, error) {
	ctx, cancel := s.call(ctx)
	defer cancel()
	out, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	if err != nil {
		return blob.BucketInfo{}, s.fault(ctx, err, place{bucket, ""})
	}
	region := aws.ToString(out.BucketRegion)
	if region == "" {
		region = s.client.Options().Region
	}
	return blob.BucketInfo{Name: bucket, Region: region}, nil
}

// Buckets lists all, by name.
func (s *Store) Buckets(ctx context.Context) ([]blob.BucketInfo, error) {
	ctx, cancel := s.call(ctx)
	defer cancel()
	var all []blob.BucketInfo
	for pages := s3.NewListBucketsPaginator(s.client, &s3.ListBucketsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.fault(ctx, err, place{})
		}
		for _, b := range page.Buckets {
			all = append(all, blob.BucketInfo{Name: aws.ToString(b.Name), Region: aws.ToString(b.BucketRegion), Created: aws.ToTime(b.CreationDate)})
		}
	}
	return all, nil
}
