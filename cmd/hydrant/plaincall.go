package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// plainCall is one operation of a service whose SDK package is not worth having: the packages of Glue and
// Lambda, of which demo and verify need six operations, cost every start of serve 7 ms and 3 MB, needed or
// not, for the tables their initialisation fills.
type plainCall struct {
	service string // "glue"
	target  string // of a JSON service: "AWSGlue.GetTable"
	method  string // of a REST service, with its path
	path    string
}

// plainTries is how often a call is made that the service could not answer or throttled.
const plainTries = 4

// do makes the call with the configuration's credentials, Region and endpoint. in is sent as JSON (nil:
// nothing), the reply goes to out (nil: nowhere).
func (p plainCall) do(ctx context.Context, cfg aws.Config, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		status, reply, err := p.once(ctx, cfg, body)
		if err != nil {
			return err
		}
		switch {
		case status < 300 && out == nil:
			return nil
		case status < 300:
			if err := json.Unmarshal(reply, out); err != nil {
				return fmt.Errorf("%s: read the reply: %w", p.name(), err)
			}
			return nil
		case try == plainTries || status < 500 && status != http.StatusTooManyRequests:
			return p.fault(status, reply)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond << try):
		}
	}
}

func (p plainCall) once(ctx context.Context, cfg aws.Config, body []byte) (status int, reply []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(p.method, http.MethodPost), p.endpoint(cfg)+cmp.Or(p.path, "/"), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.target != "" {
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", p.target)
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(sum[:]), p.service, cfg.Region, time.Now()); err != nil {
		return 0, nil, err
	}
	resp, err := cfg.HTTPClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	reply, err = io.ReadAll(resp.Body)
	return resp.StatusCode, reply, err
}

// endpoint is the service's own from the environment, else the configuration's, else AWS's.
func (p plainCall) endpoint(cfg aws.Config) string {
	if cfg.BaseEndpoint == nil {
		return "https://" + p.service + "." + cfg.Region + ".amazonaws.com"
	}
	return strings.TrimSuffix(cmp.Or(os.Getenv("AWS_ENDPOINT_URL_"+strings.ToUpper(p.service)), *cfg.BaseEndpoint), "/")
}

func (p plainCall) name() string { return p.service + " " + cmp.Or(p.target, p.method+" "+p.path) }

func (p plainCall) fault(status int, reply []byte) error {
	var f struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Other   string `json:"Message"`
	}
	if json.Unmarshal(reply, &f) != nil || f.Type == "" && f.Message == "" && f.Other == "" {
		return fmt.Errorf("%s: %d: %.300s", p.name(), status, reply)
	}
	return fmt.Errorf("%s: %d %s: %s", p.name(), status, f.Type, cmp.Or(f.Message, f.Other))
}
