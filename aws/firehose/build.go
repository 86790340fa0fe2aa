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
	"github.com/hydrant-stream/hydrant/store/shardlog"
)

// build writes the objects of an intent from the spool. It may be called any number of times: the
// same intent over the same spool writes the same bytes to the same keys. It returns when the
// objects survive power loss. seen are the places in a Kinesis source behind the records.
func (s *Service) build(ctx context.Context, shard shardlog.ShardID, in *intent) (objects []Object, seen positions, err error) {
	select {
	case s.builders <- struct{}{}:
		defer func() { <-s.builders }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	data := newUpload(ctx, s.cfg.Lake, in.Data, in.meta())
	rejects := newUpload(ctx, s.cfg.Lake, in.Rejects, blob.Meta{ContentType: octets})
	seen = positions{}
	err = s.fill(ctx, shard, in, data, rejects, seen)
	if err == nil {
		err = data.Close()
	}
	if err == nil {
		err = rejects.Close()
	}
	if err != nil {
		data.Abort(err)
		rejects.Abort(err)
		return nil, nil, err
	}
	rejects.object.Error = conversionFailed
	for _, u := range []*upload{data, rejects} {
		if u.object.Records > 0 {
			objects = append(objects, u.object)
		}
	}
	return objects, seen, nil
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

// fill reads the intent's range and writes both bodies, not yet closed.
func (s *Service) fill(ctx context.Context, shard shardlog.ShardID, in *intent, data, rejects *upload, sources positions) error {
	enc, err := in.encoder(data)
	if err != nil {
		return err
	}
	lines := rejectLines{in: in}
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
			sources.note(r)
			err := enc.add(r)
			if reject, ok := errors.AsType[*columnar.Reject](err); ok {
				rejects.object.Records++
				rejects.object.Bytes += int64(len(r.Data))
				_, err = rejects.Write(lines.line(r, reject))
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
	data.object.Records, data.object.Bytes = seen-rejects.object.Records, in.Bytes-rejects.object.Bytes
	if data.object.Records == 0 {
		return nil
	}
	data.object.Rows, err = enc.close()
	return err
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
