package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hydrant-stream/hydrant/wire/eventstream"
)

// efo: from the moment before a PutRecord is sent to the moment its record has come out of a
// subscription, at 1,000 records a second over all shards.
func efo(o *options) error {
	s, err := startHydrant(o, "efo")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := create(s, "bench", o.Shards); err != nil {
		return err
	}
	consumer, err := register(s, "bench")
	if err != nil {
		return err
	}
	base := time.Now()
	var mu sync.Mutex
	var took []time.Duration
	for i := range o.Shards {
		stream, err := subscribe(s, consumer, fmt.Sprintf("shardId-%012d", i), "TRIM_HORIZON")
		if err != nil {
			return err
		}
		defer stream.Close()
		go follow(stream, func(sent time.Duration) {
			d := time.Since(base) - sent
			mu.Lock()
			took = append(took, d)
			mu.Unlock()
		})
	}
	const perSecond, seconds, lanes = 1000, 15, 8
	var wg sync.WaitGroup
	errs := make(chan error, lanes)
	for lane := range lanes {
		wg.Go(func() {
			c, err := dial(s.addr)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			tick := time.NewTicker(lanes * time.Second / perSecond)
			defer tick.Stop()
			for i := range perSecond * seconds / lanes {
				<-tick.C
				data := fmt.Sprintf("%d %s", time.Since(base), strings.Repeat("x", 280))
				if _, _, err := c.call(request("PutRecord", fmt.Appendf(nil, `{"StreamName":"bench","PartitionKey":"%d","Data":"%s"}`, i*lanes+lane, base64.StdEncoding.EncodeToString([]byte(data))))); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	began := time.Now()
	wg.Wait()
	rate := float64(perSecond*seconds) / time.Since(began).Seconds()
	time.Sleep(200 * time.Millisecond)
	select {
	case err := <-errs:
		return err
	default:
	}
	mu.Lock()
	defer mu.Unlock()
	if len(took) != perSecond*seconds/lanes*lanes {
		return fmt.Errorf("%d of %d records came out", len(took), perSecond*seconds)
	}
	slices.Sort(took)
	at := func(p float64) time.Duration {
		return took[int(p*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	fmt.Printf("efo          put to event at %.0f records/s: p50 %v, p99 %v, p99.9 %v, max %v\n", rate, at(.5), at(.99), at(.999), at(1))
	return nil
}

func subscribe(s *server, consumer, shard, from string) (io.ReadCloser, error) {
	body := fmt.Sprintf(`{"ConsumerARN":%q,"ShardId":%q,"StartingPosition":{"Type":%q}}`, consumer, shard, from)
	r, err := http.NewRequest("POST", "http://"+s.addr, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202.SubscribeToShard")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != 200 {
		defer resp.Body.Close()
		return nil, fmt.Errorf("SubscribeToShard: %s", resp.Status)
	}
	return resp.Body, nil
}

// follow tells of every record that comes when it was sent.
func follow(stream io.Reader, seen func(sent time.Duration)) {
	for {
		m, err := eventstream.Read(stream)
		if err != nil {
			return
		}
		var e struct{ Records []struct{ Data []byte } }
		if json.Unmarshal(m.Payload, &e) != nil {
			continue
		}
		for _, r := range e.Records {
			sent, _, _ := strings.Cut(string(r.Data), " ")
			if n, err := strconv.ParseInt(sent, 10, 64); err == nil {
				seen(time.Duration(n))
			} else if d, err := time.ParseDuration(sent); err == nil {
				seen(d)
			}
		}
	}
}
