package s3

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/hydrant-stream/hydrant/store/blob"
)

// lastRune, put behind a prefix, is greater than every key that begins with it, but for keys nobody
// writes: the greatest character there is.
const lastRune = "\U0010FFFF"

const maxPage = 1000 // S3's

// List returns one page of keys.
func (s *Store) List(ctx context.Context, bucket string, p blob.ListPage) (blob.Listing, error) {
	want := p.Max
	if want <= 0 {
		want = maxPage
	}
	var l blob.Listing
	after := p.After
	for {
		page, err := s.page(ctx, bucket, p, after, min(maxPage, want-len(l.Objects)-len(l.Prefixes)))
		if err != nil {
			return blob.Listing{}, err
		}
		l.Objects, l.Prefixes = append(l.Objects, page.Objects...), append(l.Prefixes, page.Prefixes...)
		l.More, l.Next = page.More, page.Next
		if !l.More || len(l.Objects)+len(l.Prefixes) >= want {
			return l, nil
		}
		after = l.Next
	}
}

func (s *Store) page(ctx context.Context, bucket string, p blob.ListPage, after string, n int) (l blob.Listing, err error) {
	ctx, cancel := s.call(ctx)
	defer cancel()
	out, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &bucket, Prefix: given(p.Prefix), StartAfter: given(after), Delimiter: given(p.Delimiter),
		MaxKeys: aws.Int32(int32(n)), EncodingType: types.EncodingTypeUrl, // XML cannot hold every key
	})
	if err != nil {
		return l, s.fault(ctx, err, place{bucket, ""})
	}
	plain := func(name *string) string {
		if err != nil || out.EncodingType != types.EncodingTypeUrl {
			return aws.ToString(name)
		}
		var decoded string
		decoded, err = url.QueryUnescape(aws.ToString(name))
		return decoded
	}
	for _, o := range out.Contents {
		info := blob.Info{Key: plain(o.Key), Size: aws.ToInt64(o.Size), ETag: strings.Trim(aws.ToString(o.ETag), `"`), Modified: aws.ToTime(o.LastModified).UTC()}
		if o.StorageClass != types.ObjectStorageClassStandard {
			info.Meta.StorageClass = string(o.StorageClass)
		}
		l.Objects = append(l.Objects, info)
		l.Next = max(l.Next, info.Key)
	}
	for _, c := range out.CommonPrefixes {
		name := plain(c.Prefix)
		l.Prefixes = append(l.Prefixes, name)
		l.Next = max(l.Next, name+lastRune)
	}
	if l.More = aws.ToBool(out.IsTruncated); !l.More {
		l.Next = ""
	}
	return l, err
}
