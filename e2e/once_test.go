package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestCrashThroughTheFunction kills the real process while batches of a stream are in the hands of the Go
// filter. Where the mapping has the tag hydrant:exactly-once every trip lands as often as it is in the
// stream. Without it the same story lands some again, which is reported and not a failure.
func TestCrashThroughTheFunction(t *testing.T) {
	if os.Getenv("HYDRANT_CRASH") == "" {
		t.Skip("runs with make crash")
	}
	kills := 20
	if os.Getenv("HYDRANT_HEAVY") != "" {
		kills = 100
	}
	for _, once := range []string{"true", "false"} {
		t.Run("exactly-once="+once, func(t *testing.T) {
			a := killedThroughTheFunction(t, kills, once)
			t.Logf("%d kills: %d records in the stream, %d rows delivered, missing %d, twice %d", kills, a["put"], a["delivered"], a["missing"], a["twice"])
			switch {
			case a["missing"] > 0 || a["altered"] > 0 || a["never put"] > 0 || a["delivered"] < kills:
				t.Errorf("%v", a)
			case once == "true" && a["twice"] > 0:
				t.Errorf("%d trips have landed too often", a["twice"])
			}
		})
	}
}

// killedThroughTheFunction tells the story and returns what hydrant verify reports.
func killedThroughTheFunction(t *testing.T, kills int, once string) map[string]int {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	data := t.TempDir()
	if out, err := run(t, "demo", "--rows", "4000", "--data", data); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := serve(t, data, "")
	addr := p.addr
	client := lambda.NewFromConfig(p.sdk(3))
	list, err := client.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{})
	if err != nil || len(list.EventSourceMappings) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	if _, err := client.TagResource(t.Context(), &lambda.TagResourceInput{Resource: list.EventSourceMappings[0].EventSourceMappingArn, Tags: map[string]string{"hydrant:exactly-once": once}}); err != nil {
		t.Fatal(err)
	}
	for range kills {
		if out, err := run(t, "replay", "--endpoint", p.url, "--stream", "nyctaxitrips", "--rows", "4000"); err != nil {
			t.Fatalf("replay: %v\n%s", err, out)
		}
		if rng.IntN(4) == 0 { // some of it into the lake meanwhile
			if out, err := run(t, "flush", "--endpoint", p.url, "nyctaxitrips"); err != nil {
				t.Fatalf("flush: %v\n%s", err, out)
			}
		}
		time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond)
		p.kill()
		p = serve(t, data, addr)
	}
	settled(t, p)
	out, err := run(t, "verify", "--endpoint", p.url, "--stream", "nyctaxitrips", "--delivery-stream", "nyctaxitrips", "--wait", "1m")
	if err != nil && once == "true" {
		t.Errorf("verify: %v", err)
	}
	found := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z ]*?) +(\d+)`).FindAllStringSubmatch(out, -1) {
		found[m[1]], _ = strconv.Atoi(m[2])
	}
	var rows int
	lake := filepath.Join(data, "s3", "kinesislabs-datalake-bucket", "nyctaxitrips")
	if err := duck(t).QueryRow(fmt.Sprintf("SELECT count(*) FROM read_parquet('%s/**/*.parquet')", lake)).Scan(&rows); err != nil || rows != found["delivered"] {
		t.Errorf("%d rows by DuckDB, verify says %d: %v", rows, found["delivered"], err)
	}
	return found
}

// settled waits until the mapping has nothing behind it, twice in a row.
func settled(t *testing.T, p *process) {
	t.Helper()
	for deadline, calm := time.Now().Add(2*time.Minute), 0; calm < 2; time.Sleep(200 * time.Millisecond) {
		var state struct {
			Mappings []struct{ Behind uint64 } `json:"mappings"`
		}
		reply, err := http.Get(p.url + "/_hydrant/mappings")
		if err == nil {
			err = errors.Join(json.NewDecoder(reply.Body).Decode(&state), reply.Body.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		calm++
		for _, m := range state.Mappings {
			if m.Behind > 0 {
				calm = 0
			}
		}
		if len(state.Mappings) == 0 || calm == 0 && time.Now().After(deadline) {
			t.Fatalf("the mapping does not catch up: %+v\n%s", state, p.stderr())
		}
	}
}
