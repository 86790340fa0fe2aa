package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// piece is n bytes that tell where they are.
func piece(seed byte, n int) []byte {
	b := make([]byte, n)
	x := uint32(seed) + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

const minPart = 5 << 20

// started is an upload under way.
type started struct {
	t  testing.TB
	c  *sdk.Client
	id *string
	k  *string
}

var lake = aws.String("lake")

func start(t testing.TB, c *sdk.Client, key string, edit ...func(*sdk.CreateMultipartUploadInput)) *started {
	t.Helper()
	in := &sdk.CreateMultipartUploadInput{Bucket: lake, Key: aws.String(key)}
	for _, e := range edit {
		e(in)
	}
	out := must(c.CreateMultipartUpload(ctx, in))(t)
	return &started{t, c, out.UploadId, in.Key}
}

func (u *started) part(n int32, body []byte) types.CompletedPart {
	u.t.Helper()
	out := must(u.c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: lake, Key: u.k, UploadId: u.id, PartNumber: aws.Int32(n), Body: bytes.NewReader(body)}))(u.t)
	return types.CompletedPart{PartNumber: aws.Int32(n), ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32, ChecksumSHA256: out.ChecksumSHA256, ChecksumCRC64NVME: out.ChecksumCRC64NVME}
}

func (u *started) complete(parts ...types.CompletedPart) (*sdk.CompleteMultipartUploadOutput, error) {
	return u.c.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{Bucket: lake, Key: u.k, UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
}

// TestMultipart uploads as a transfer manager does: parts at once, out of order, one sent twice;
// the server starts anew in between.
func TestMultipart(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	put(t, c, "big", "what was there before")
	u := start(t, c, "big", func(in *sdk.CreateMultipartUploadInput) {
		in.ContentType, in.Metadata, in.Tagging = aws.String("x/y"), map[string]string{"m": "1"}, aws.String("t=1")
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
	})
	bodies := [][]byte{piece(1, minPart), piece(2, minPart+1), piece(3, 100)}
	parts := make([]types.CompletedPart, 3)
	u.part(2, []byte("sent again below"))
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() { parts[i] = u.part(int32(i+1), bodies[i]) })
	}
	wg.Wait()
	h.restart()
	c = h.client("us-east-1", "test")
	u.c = c
	parts[2] = u.part(3, bodies[2])

	list := must(c.ListParts(ctx, &sdk.ListPartsInput{Bucket: lake, Key: u.k, UploadId: u.id, MaxParts: aws.Int32(2)}))(t)
	if len(list.Parts) != 2 || !*list.IsTruncated || *list.NextPartNumberMarker != "2" || *list.Parts[1].Size != minPart+1 || list.ChecksumAlgorithm != "CRC32" {
		t.Errorf("parts %+v", list)
	}
	if got, _ := read(t, c, &sdk.GetObjectInput{Key: u.k}); got != "what was there before" {
		t.Errorf("the object changed before completion: %.30q", got)
	}
	out := must(u.complete(parts...))(t)
	sums, crcs := md5.New(), crc32.NewIEEE()
	for _, b := range bodies {
		m := md5.Sum(b)
		sums.Write(m[:])
		crcs.Write(crcBytes(string(b)))
	}
	etag := fmt.Sprintf(`"%s-3"`, hex.EncodeToString(sums.Sum(nil)))
	if aws.ToString(out.ETag) != etag || out.ChecksumType != "COMPOSITE" || !strings.HasSuffix(aws.ToString(out.ChecksumCRC32), "-3") {
		t.Errorf("completed %s %s %s", aws.ToString(out.ETag), out.ChecksumType, aws.ToString(out.ChecksumCRC32))
	}
	whole := slices.Concat(bodies...)
	got, obj := read(t, c, &sdk.GetObjectInput{Key: u.k})
	if got != string(whole) || aws.ToString(obj.ETag) != etag || aws.ToString(obj.ContentType) != "x/y" || obj.Metadata["m"] != "1" || aws.ToInt32(obj.TagCount) != 1 {
		t.Errorf("got %d bytes, %+v", len(got), obj)
	}
	if file, err := os.ReadFile(filepath.Join(h.root, "lake", "big")); err != nil || !bytes.Equal(file, whole) {
		t.Errorf("file of %d bytes, %v", len(file), err)
	}
	for i, b := range bodies {
		got, obj := read(t, c, &sdk.GetObjectInput{Key: u.k, PartNumber: aws.Int32(int32(i + 1))})
		if got != string(b) || aws.ToInt32(obj.PartsCount) != 3 {
			t.Errorf("part %d: %d bytes of %d parts", i+1, len(got), aws.ToInt32(obj.PartsCount))
		}
	}
	attrs := must(c.GetObjectAttributes(ctx, &sdk.GetObjectAttributesInput{Bucket: lake, Key: u.k, ObjectAttributes: []types.ObjectAttributes{"ObjectParts", "Checksum"}}))(t)
	if *attrs.ObjectParts.TotalPartsCount != 3 || len(attrs.ObjectParts.Parts) != 3 || *attrs.ObjectParts.Parts[2].Size != 100 ||
		aws.ToString(attrs.ObjectParts.Parts[0].ChecksumCRC32) != aws.ToString(parts[0].ChecksumCRC32) || strings.Contains(*attrs.Checksum.ChecksumCRC32, "-") {
		t.Errorf("attributes %+v", attrs.ObjectParts)
	}
	_, err := u.complete(parts...)
	want(t, err, "NoSuchUpload")
	if left, err := os.ReadDir(filepath.Join(h.root, ".uploads")); err != nil || len(left) != 0 {
		t.Errorf("parts left: %v, %v", left, err)
	}
}

func TestMultipartChecksumOfTheWhole(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	bodies := [][]byte{piece(1, minPart), []byte("tail")}
	for _, alg := range []types.ChecksumAlgorithm{"", types.ChecksumAlgorithmCrc32} {
		u := start(t, c, "k", func(in *sdk.CreateMultipartUploadInput) {
			if in.ChecksumAlgorithm = alg; alg != "" {
				in.ChecksumType = types.ChecksumTypeFullObject
			}
		})
		parts := []types.CompletedPart{u.part(1, bodies[0]), u.part(2, bodies[1])}
		out := must(u.complete(parts...))(t)
		if out.ChecksumType != "FULL_OBJECT" || alg == "" == (out.ChecksumCRC64NVME == nil) || alg == "" == (out.ChecksumCRC32 != nil) {
			t.Errorf("%q: %+v", alg, out)
		}
		// The same checksum as of the object written in one.
		must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: lake, Key: aws.String("one"), Body: bytes.NewReader(slices.Concat(bodies...))}))(t)
		one := must(c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: lake, Key: aws.String("one"), ChecksumMode: types.ChecksumModeEnabled}))(t)
		if alg != "" && aws.ToString(one.ChecksumCRC32) != aws.ToString(out.ChecksumCRC32) {
			t.Errorf("%q: %s, in one %s", alg, aws.ToString(out.ChecksumCRC32), aws.ToString(one.ChecksumCRC32))
		}
	}
}

func TestMultipartRefusals(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	u := start(t, c, "k", func(in *sdk.CreateMultipartUploadInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32 })
	small, last := u.part(1, []byte("small")), u.part(2, []byte("last"))
	_, err := u.complete()
	want(t, err, "InvalidRequest")
	_, err = u.complete(small, last)
	want(t, err, "EntityTooSmall")
	_, err = u.complete(last, small)
	want(t, err, "InvalidPartOrder")
	wrong := small
	wrong.ETag = aws.String(`"0cc175b9c0f1b6a831c399e269772661"`)
	_, err = u.complete(wrong)
	want(t, err, "InvalidPart")
	_, err = u.complete(small, types.CompletedPart{PartNumber: aws.Int32(3), ETag: small.ETag})
	want(t, err, "InvalidPart")
	bare := small
	bare.ChecksumCRC32 = nil
	_, err = u.complete(bare)
	want(t, err, "InvalidRequest")
	if err != nil && !strings.Contains(err.Error(), "The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.") {
		t.Error(err)
	}
	for _, n := range []int32{0, 10001} {
		_, err = c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: lake, Key: u.k, UploadId: u.id, PartNumber: aws.Int32(n), Body: strings.NewReader("x")})
		want(t, err, "InvalidArgument")
	}
	_, err = c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: lake, Key: aws.String("other"), UploadId: u.id, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	want(t, err, "NoSuchUpload")
	_, err = c.UploadPart(ctx, &sdk.UploadPartInput{Bucket: lake, Key: u.k, UploadId: u.id, PartNumber: aws.Int32(1), Body: strings.NewReader("x"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256})
	want(t, err, "InvalidRequest")
	_, err = c.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{Bucket: lake, Key: u.k, UploadId: u.id, MpuObjectSize: aws.Int64(9),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{small}}})
	want(t, err, "InvalidRequest")

	// A refused completion leaves the upload as it was.
	put(t, c, "k", "there")
	_, err = c.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{Bucket: lake, Key: u.k, UploadId: u.id, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{small}}})
	want(t, err, "PreconditionFailed")
	must(u.complete(small))(t)
	if got, _ := read(t, c, &sdk.GetObjectInput{Key: u.k}); got != "small" {
		t.Errorf("got %q", got)
	}
}

func TestAbortAndList(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	var ids []string
	for _, k := range []string{"b", "a/1", "a/2", "b", "c"} {
		u := start(t, c, k)
		u.part(1, []byte(k))
		ids = append(ids, *u.id)
	}
	list := func(in sdk.ListMultipartUploadsInput) (keys string) {
		in.Bucket = lake
		for {
			out := must(c.ListMultipartUploads(ctx, &in))(t)
			for _, u := range out.Uploads {
				keys += *u.Key + " "
			}
			for _, p := range out.CommonPrefixes {
				keys += *p.Prefix + " "
			}
			if !*out.IsTruncated {
				return strings.TrimSpace(keys)
			}
			in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
		}
	}
	for _, n := range []int32{1, 2, 1000} {
		if got := list(sdk.ListMultipartUploadsInput{MaxUploads: aws.Int32(n)}); got != "a/1 a/2 b b c" {
			t.Errorf("by %d: %s", n, got)
		}
	}
	if got := list(sdk.ListMultipartUploadsInput{Delimiter: aws.String("/"), MaxUploads: aws.Int32(1)}); got != "a/ b b c" {
		t.Errorf("rolled up: %s", got)
	}
	if got := list(sdk.ListMultipartUploadsInput{Prefix: aws.String("a/")}); got != "a/1 a/2" {
		t.Errorf("prefix: %s", got)
	}
	must(c.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{Bucket: lake, Key: aws.String("b"), UploadId: &ids[0]}))(t)
	_, err := c.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{Bucket: lake, Key: aws.String("b"), UploadId: &ids[0]})
	want(t, err, "NoSuchUpload")
	if got := list(sdk.ListMultipartUploadsInput{}); got != "a/1 a/2 b c" {
		t.Errorf("after the abort: %s", got)
	}
	// What belongs to nobody goes at the next start; what belongs to an upload stays.
	stray := filepath.Join(h.root, ".uploads", "stray")
	if err := os.WriteFile(stray, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	h.restart()
	c = h.client("us-east-1", "test")
	if _, err := os.Stat(stray); !os.IsNotExist(err) {
		t.Errorf("stray part: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(h.root, ".uploads")); err != nil || len(left) != 4 {
		t.Errorf("uploads on disk: %v, %v", left, err)
	}
	// A bucket takes its uploads with it.
	must(c.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: lake}))(t)
	if left, err := os.ReadDir(filepath.Join(h.root, ".uploads")); err != nil || len(left) != 0 {
		t.Errorf("uploads on disk: %v, %v", left, err)
	}
}

func TestUploadPartCopy(t *testing.T) {
	h := newHouse(t)
	c := h.lake()
	src := piece(9, minPart+10)
	must(c.PutObject(ctx, &sdk.PutObjectInput{Bucket: lake, Key: aws.String("src"), Body: bytes.NewReader(src)}))(t)
	u := start(t, c, "dst")
	copyPart := func(n int32, spec string) (types.CompletedPart, error) {
		in := &sdk.UploadPartCopyInput{Bucket: lake, Key: u.k, UploadId: u.id, PartNumber: aws.Int32(n), CopySource: aws.String("/lake/src")}
		if spec != "" {
			in.CopySourceRange = aws.String(spec)
		}
		out, err := c.UploadPartCopy(ctx, in)
		if err != nil {
			return types.CompletedPart{}, err
		}
		return types.CompletedPart{PartNumber: aws.Int32(n), ETag: out.CopyPartResult.ETag}, nil
	}
	one := must(copyPart(1, ""))(t)
	two := must(copyPart(2, "bytes=10-19"))(t)
	_, err := copyPart(3, "bytes=10-99999999")
	want(t, err, "InvalidArgument")
	_, err = copyPart(3, "bytes=10-")
	want(t, err, "InvalidArgument")
	must(u.complete(one, two))(t)
	if got, _ := read(t, c, &sdk.GetObjectInput{Key: u.k}); got != string(src)+string(src[10:20]) {
		t.Errorf("got %d bytes", len(got))
	}
}
