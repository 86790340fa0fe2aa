package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/hydrant-stream/hydrant"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
)

type dumpCmd struct {
	Log      dumpLogCmd      `cmd:"" help:"What the record log of a data folder holds, one JSON line per frame."`
	Journal  dumpJournalCmd  `cmd:"" help:"What the journal of a data folder holds, one JSON line per key."`
	Delivery dumpDeliveryCmd `cmd:"" help:"Which object of a delivery stream holds which records, one JSON line per delivery."`
}

// dataFolder is a folder no process is using.
type dataFolder struct {
	Data string `arg:"" name:"dir" default:"hydrant-data" help:"Data folder. No hydrant may be running on it."`
}

// locked runs f while nobody else can use the folder.
func (d *dataFolder) locked(f func(disk vfs.FS) error) error {
	if _, err := os.Stat(d.Data); err != nil {
		return err
	}
	disk := vfs.OS(d.Data)
	lock, err := vfs.Lock(disk, "LOCK")
	if err != nil {
		return hinted{err, "stop the hydrant that uses this folder first"}
	}
	return errors.Join(f(disk), lock.Close())
}

type dumpLogCmd struct {
	dataFolder `embed:""`
	Records    bool `help:"Print every record, with its key and data, instead of every frame."`
}

// Run prints the log's frames in the order in which they were committed.
func (c *dumpLogCmd) Run(context.Context) error {
	return c.locked(func(disk vfs.FS) error { return segment.Dump(os.Stdout, disk, "log", c.Records) })
}

type dumpJournalCmd struct {
	dataFolder `embed:""`
	Prefix     string `help:"Only keys that begin so."`
}

// Run prints the journal's keys and values.
func (c *dumpJournalCmd) Run(context.Context) error {
	return c.locked(func(disk vfs.FS) error {
		j, err := journal.Open(disk, "journal")
		if err != nil {
			return err
		}
		out := json.NewEncoder(os.Stdout)
		j.Range(c.Prefix, func(key string, value []byte) bool {
			err = out.Encode(struct {
				Key   string          `json:"key"`
				Value json.RawMessage `json:"value"`
			}{key, value})
			return err == nil
		})
		return errors.Join(err, j.Close())
	})
}

type dumpDeliveryCmd struct {
	remote `embed:""`
	Data   string `placeholder:"DIR" help:"Read a data folder that no hydrant is running on, instead of asking a running one."`
	Name   string `arg:"" help:"Delivery stream."`
}

// Run prints the manifest of a delivery stream.
func (c *dumpDeliveryCmd) Run(ctx context.Context) error {
	if c.Data != "" {
		return c.stopped()
	}
	var list []json.RawMessage
	if err := c.call(ctx, http.MethodGet, "/_hydrant/firehose/"+url.PathEscape(c.Name)+"/deliveries", nil, &list); err != nil {
		return err
	}
	for _, d := range list {
		fmt.Println(string(d))
	}
	return nil
}

// stopped prints it from the journal of a data folder.
func (c *dumpDeliveryCmd) stopped() error {
	d := dataFolder{Data: c.Data}
	return d.locked(func(disk vfs.FS) error {
		j, err := journal.Open(disk, "journal")
		if err != nil {
			return err
		}
		list, err := firehose.Manifest(j, hydrant.Scope{Account: c.Account, Region: c.Region}, c.Name)
		out := json.NewEncoder(os.Stdout)
		for i := range list {
			err = errors.Join(err, out.Encode(&list[i]))
		}
		return errors.Join(err, j.Close())
	})
}
