package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// remote is what the commands that talk to a running hydrant share.
type remote struct {
	Endpoint string `default:"http://127.0.0.1:4566" env:"AWS_ENDPOINT_URL" help:"Where hydrant listens."`
	Region   string `default:"us-east-1" env:"AWS_REGION,AWS_DEFAULT_REGION" help:"Region of the resources."`
	Account  string `default:"000000000000" help:"Account of the resources (the access key, where it has 12 digits)."`
}

// call asks one of hydrant's own paths and decodes the answer into out.
func (r *remote) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	q := url.Values{"region": {r.Region}, "account": {r.Account}}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(r.Endpoint, "/")+path+"?"+q.Encode(), &body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return hinted{err, "start one with: hydrant serve"}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var p problem
		if json.NewDecoder(resp.Body).Decode(&p) == nil && p.Error != "" {
			return errors.New(p.Error)
		}
		return hinted{fmt.Errorf("%s %s answered %s", method, path, resp.Status), "is it a hydrant that listens at " + r.Endpoint + "?"}
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

type flushCmd struct {
	remote `embed:""`
	Name   string `arg:"" help:"Delivery stream."`
}

// Run delivers what is buffered now and prints the objects' keys.
func (c *flushCmd) Run(ctx context.Context) error {
	var f flushed
	if err := c.call(ctx, http.MethodPost, "/_hydrant/firehose/"+url.PathEscape(c.Name)+"/flush", nil, &f); err != nil {
		return err
	}
	for _, k := range f.Keys {
		fmt.Println(k)
	}
	if len(f.Keys) == 0 {
		fmt.Fprintln(os.Stderr, "hydrant: nothing was buffered")
	}
	return nil
}
