package firehose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose/pack"
	"github.com/hydrant-stream/hydrant/columnar"
	"github.com/hydrant-stream/hydrant/store/blob"
	"github.com/hydrant-stream/hydrant/store/crash"
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// build writes the objects of an intent from the spool. It may be called any number of times: the
// same intent over the same spool writes the same bytes to the same keys. It returns when the
// objects survive power loss. seen are the places in a Kinesis source behind the records. p knows why
// the last attempt failed, and hears why this one has to wait.
func (s *Service) build(ctx context.Context, shard shardlog.ShardID, in *intent, kind laneKind, p *pump) (objects []Object, seen positions, err error) {
	if err := s.stillDenied(ctx, in, p.failing()); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bucket := in.Data.Bucket // all objects go to one
	turn, err := s.turns.take(ctx, bucket, asking{cancel, func() error { return s.look(ctx, in.Data) }, p.hindered})
	if err != nil {
		return nil, nil, err
	}
	defer turn.leave()
	out := s.outputs(ctx, in, turn)
	seen = positions{}
	if err = s.fill(ctx, shard, in, out, seen); err == nil {
		err = out.close(kind)
	}
	if err != nil {
		if errors.Is(context.Cause(ctx), errStill) {
			err = lakeFailure(in.Data, errStill)
		}
		cancel(err) // what is still on its way is not to be waited for
		out.abort(err)
		if _, ok := errors.AsType[*away](err); ok {
			s.turns.doubt(bucket, err)
		}
		return nil, nil, err
	}
	for _, u := range out.all() {
		if u.object.Records > 0 {
			objects = append(objects, u.object)
		}
	}
	if len(objects) > 0 {
		s.turns.trust(bucket)
	}
	return objects, seen, nil
}

// outputs are the objects of an intent on their way.
type outputs struct {
	data, rejects *upload
	failed        []*upload // in the order of Contents.Errors
}

func (s *Service) outputs(ctx context.Context, in *intent, turn *turn) *outputs {
	lines := blob.Meta{ContentType: octets}
	begin := func(p place, meta blob.Meta) *upload {
		return newUpload(ctx, s.cfg.Lake, turn, p, blob.Put{Meta: meta, KMSKey: in.KMSKey}, func() error { return s.mayWrite(ctx, in, p) })
	}
	o := &outputs{data: begin(in.Data, in.meta()), rejects: begin(in.Rejects, lines)}
	o.rejects.object.Error = conversionFailed
	for _, e := range in.Contents.Errors {
		u := begin(in.Failed[e], lines)
		u.object.Error = e
		o.failed = append(o.failed, u)
	}
	return o
}

func (o *outputs) all() []*upload { return append([]*upload{o.data, o.rejects}, o.failed...) }

func (o *outputs) of(errorType string) (*upload, error) {
	for _, u := range o.failed {
		if u.object.Error == errorType {
			return u, nil
		}
	}
	return nil, fmt.Errorf("internal error: the intent has no place for %s", errorType)
}

func (o *outputs) close(kind laneKind) error {
	for _, u := range o.all() {
		if err := u.Close(); err != nil {
			return err
		}
		crash.Point(kind.point(), "object")
	}
	return nil
}

func (o *outputs) abort(err error) {
	for _, u := range o.all() {
		u.Abort(err)
	}
}

// note counts a record into the object.
func (u *upload) note(put int64) {
	u.object.Records++
	u.object.Bytes += put
}

const octets = "application/octet-stream"

func (in *intent) meta() blob.Meta {
	m := blob.Meta{ContentType: octets}
	if in.Conversion != nil {
		m.ContentEncoding = "hadoop-snappy" // plain Parquet, so labelled by AWS
		return m
	}
	_, m.ContentEncoding = pack.Labels(in.Compression)
	return m
}

// fill reads the intent's range and writes all bodies, not yet closed.
func (s *Service) fill(ctx context.Context, shard shardlog.ShardID, in *intent, out *outputs, sources positions) error {
	enc, err := in.encoder(out.data)
	if err != nil {
		return err
	}
	f := filling{in: in, out: out, enc: enc, lines: rejectLines{in: in}}
	var seen int64
	for from := in.From; from < in.To; {
		page, err := s.cfg.Log.Read(ctx, shard, from, shardlog.Limit{Bytes: scanPage})
		if err != nil {
			return fmt.Errorf("read spool at %d: %w", from, err)
		}
		if len(page.Records) == 0 {
			break
		}
		for i := range page.Records {
			r := &page.Records[i]
			if r.Offset >= in.To {
				break
			}
			seen++
			if in.Processed {
				err = f.processed(r)
			} else {
				sources.note(r)
				err = f.add(r, int64(len(r.Data)))
			}
			if err != nil {
				return err
			}
		}
		from = page.Next
	}
	if seen != in.Records {
		return fmt.Errorf("spool holds %d records from %d to %d, the intent says %d", seen, in.From, in.To, in.Records)
	}
	if out.data.object.Records == 0 {
		return nil
	}
	out.data.object.Rows, err = enc.close()
	return err
}

// filling is one pass over the records of an intent.
type filling struct {
	in    *intent
	out   *outputs
	enc   encoder
	lines rejectLines
}

// add puts a record into the data object, or a line about it where it cannot be converted.
func (f *filling) add(r *hydrant.Record, put int64) error {
	err := f.enc.add(r)
	to := f.out.data
	if reject, ok := errors.AsType[*columnar.Reject](err); ok {
		to = f.out.rejects
		_, err = to.Write(f.lines.line(r, reject))
	}
	to.note(put)
	return err
}

// processed does as the header of a record says.
func (f *filling) processed(r *hydrant.Record) error {
	h, err := parseHeader(r.Key)
	if err != nil {
		return fmt.Errorf("record %d of the processed spool: %w", r.Offset, err)
	}
	switch h.outcome {
	case dropped:
		return nil
	case failed:
		to, err := f.out.of(h.errorType)
		if err != nil {
			return err
		}
		to.note(h.put)
		_, err = to.Write(f.lines.failed(&h, r.Data))
		return err
	}
	as := hydrant.Record{Offset: h.offset, Arrival: h.arrival, Key: h.source, Data: r.Data}
	return f.add(&as, h.put)
}

// encoder makes the body of a data object out of records.
type encoder interface {
	// add takes a record, or answers with a *columnar.Reject.
	add(r *hydrant.Record) error
	// close ends the body and tells its rows where it has any.
	close() (rows int64, err error)
}

func (in *intent) encoder(w io.Writer) (encoder, error) {
	if in.Conversion == nil {
		p, err := pack.NewWriter(w, in.Compression, in.Entry, time.UnixMilli(in.Cut))
		return &joined{w: p, delimiter: in.Delimiter}, err
	}
	cw, err := in.Conversion.writer(w)
	return &converted{w: cw}, err
}

// joined are records byte for byte, one after the other.
type joined struct {
	w         io.WriteCloser
	delimiter string
	begun     bool
}

func (j *joined) add(r *hydrant.Record) error {
	if j.begun && j.delimiter != "" {
		if _, err := io.WriteString(j.w, j.delimiter); err != nil {
			return err
		}
	}
	j.begun = true
	_, err := j.w.Write(r.Data)
	return err
}

func (j *joined) close() (int64, error) { return 0, j.w.Close() }

// converted are records as rows of a Parquet file.
type converted struct{ w *columnar.Writer }

func (c *converted) add(r *hydrant.Record) error { return c.w.Add(r.Data) }

func (c *converted) close() (int64, error) { return c.w.Rows(), c.w.Close() }
