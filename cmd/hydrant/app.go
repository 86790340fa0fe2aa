package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/hydrant-stream/hydrant/aws/athena"
	"github.com/hydrant-stream/hydrant/aws/cloudformation"
	"github.com/hydrant-stream/hydrant/aws/cloudwatch"
	"github.com/hydrant-stream/hydrant/aws/cwlogs"
	"github.com/hydrant-stream/hydrant/aws/firehose"
	"github.com/hydrant-stream/hydrant/aws/glue"
	"github.com/hydrant-stream/hydrant/aws/kinesis"
	"github.com/hydrant-stream/hydrant/aws/lambda"
	"github.com/hydrant-stream/hydrant/aws/s3"
	"github.com/hydrant-stream/hydrant/aws/sns"
	"github.com/hydrant-stream/hydrant/aws/sqs"
	"github.com/hydrant-stream/hydrant/query"
	"github.com/hydrant-stream/hydrant/store/journal"
	"github.com/hydrant-stream/hydrant/store/shardlog/segment"
	"github.com/hydrant-stream/hydrant/store/vfs"
	"github.com/hydrant-stream/hydrant/wire"
	"github.com/hydrant-stream/hydrant/wire/faults"
)

// house is the open house: every room, opened in the order data travels and closed in reverse.
type house struct {
	journal  journal.Journal
	records  *segment.Engine
	lake     lake
	identity *identity
	logs     *cwlogs.Service
	watch    *cloudwatch.Service
	kinesis  *kinesis.Service
	glue     *glue.Service
	s3       *s3.Service
	firehose *firehose.Service
	queues   *sqs.Service
	topics   *sns.Service
	lambda   *lambda.Service
	query    *query.Engine
	athena   *athena.Service
	stacks   *cloudformation.Service
	wire     *wire.Server
	faults   *faults.Table // not kept: rules end with the house

	transforms functions // of delivery streams

	closers []func() error
}

// openHouse opens every room over the data folder. endpoint is where this process listens: functions
// find us there.
func openHouse(ctx context.Context, c Config, endpoint string, log *slog.Logger, m *metrics) (h *house, err error) {
	h = &house{}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	keys, err := c.keys()
	if err != nil {
		return h, err
	}
	enforce := len(keys) > 0
	folders, err := c.functionFolders()
	if err != nil {
		return h, err
	}
	as, err := c.functionUser()
	if err != nil {
		return h, err
	}
	disk := vfs.OS(c.Data)

	// What keeps.
	if h.journal, err = journal.Open(disk, "journal"); err != nil {
		return h, fmt.Errorf("open the journal: %w", err)
	}
	h.closing(h.journal.Close)
	if h.records, err = segment.Open(disk, "log", segment.Options{SegmentBytes: int64(c.SegmentMiB) << 20, TailBytes: int64(c.TailMiB) << 20}); err != nil {
		return h, fmt.Errorf("open the log: %w", err)
	}
	h.closing(h.records.Close)
	if h.lake, err = openLake(ctx, c, h.closing); err != nil {
		return h, fmt.Errorf("open the lake: %w", err)
	}

	// Who may act.
	if h.identity, err = openIdentity(h, keys, enforce); err != nil {
		return h, fmt.Errorf("open IAM: %w", err)
	}

	// What acts, upstream first.
	if h.logs, err = cwlogs.New(cwlogs.Config{Journal: h.journal, Log: h.records}); err != nil {
		return h, fmt.Errorf("open CloudWatch Logs: %w", err)
	}
	h.watch = cloudwatch.New(cloudwatch.Config{Journal: h.journal, Log: h.records, Logger: log})
	h.closing(h.watch.Close)
	if h.kinesis, err = kinesis.New(ctx, kinesis.Config{Journal: h.journal, Log: h.records, Limits: c.Limits == "aws", StatusDelay: c.StatusDelay, Logger: log}); err != nil {
		return h, fmt.Errorf("open Kinesis: %w", err)
	}
	h.closing(h.kinesis.Close)
	h.glue = glue.New(glue.Config{Journal: h.journal})
	if h.s3, err = s3.New(s3.Config{Store: h.lake, Journal: h.journal, Log: log}); err != nil {
		return h, fmt.Errorf("open S3: %w", err)
	}
	if h.firehose, err = firehose.New(firehose.Config{
		Log: h.records, Journal: h.journal, Lake: h.lake,
		Tables: h.glue, Roles: deliveryRoles{h.identity.authority}, Logs: h.logs, Metrics: h.watch, Streams: h.kinesis, Functions: &h.transforms,
		Limits: c.Limits == "aws", StatusDelay: c.StatusDelay, Logger: log,
	}); err != nil {
		return h, fmt.Errorf("open Firehose: %w", err)
	}
	h.closing(h.firehose.Close)
	if h.queues, err = sqs.New(sqs.Config{Journal: h.journal, Endpoint: func() string { return endpoint }}); err != nil {
		return h, fmt.Errorf("open SQS: %w", err)
	}
	if h.topics, err = sns.New(h.journal, h.queues); err != nil {
		return h, fmt.Errorf("open SNS: %w", err)
	}
	if h.lambda, err = lambda.New(lambda.Config{
		Journal: h.journal, Dir: filepath.Join(c.Data, "lambda"), Endpoint: func() string { return endpoint },
		Logs: h.logs, Metrics: h.watch, Streams: h.kinesis, Unpack: h.kinesis.Unpack, Objects: objects{h.lake}, Queues: mailboxes{h.queues, h.topics}, Code: objects{h.lake},
		Credentials: h.identity.functionCredentials, Reads: h.identity.functionReads, Limits: c.Limits == "aws", StatusDelay: c.StatusDelay, Log: log, Allowed: c.loopback() || c.AllowFunctions,
		Landings: h.firehose.Landings(),
		Folders:  folders, User: as,
	}); err != nil {
		return h, fmt.Errorf("open Lambda: %w", err)
	}
	h.closing(h.lambda.Close)
	temp := filepath.Join(c.Data, "tmp")
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return h, err
	}
	h.query = query.New(query.Config{Catalog: catalog{h.glue, h.identity.authority.Authorize}, Lake: h.lake, Paths: h.lake, Fetch: h.lake.copies, Memory: c.QueryMemory, Threads: c.QueryThreads, TempDir: temp})
	h.closing(h.query.Close)

	if h.athena, err = athena.New(athena.Config{Journal: h.journal, Lake: h.lake, Catalog: definitions{h.glue, h.identity.authority.Authorize}, Query: h.query, MayWrite: mayWrite(h.identity.authority.Authorize), Log: log}); err != nil {
		return h, fmt.Errorf("open Athena: %w", err)
	}
	h.closing(h.athena.Close)
	if h.stacks, err = cloudformation.New(cloudformation.Config{
		Journal: h.journal, Objects: templates{objects{h.lake}, h.identity.authority.Authorize}, Rights: stackRights{h.identity.authority}, Log: log,
		Types: resourceTypes(stackRooms{kinesis: h.kinesis, firehose: h.firehose, lambda: h.lambda, glue: h.glue, s3: h.s3, logs: h.logs, iam: h.identity.iam, athena: h.athena, queues: h.queues, topics: h.topics}),
	}); err != nil {
		return h, fmt.Errorf("open CloudFormation: %w", err)
	}
	h.closing(h.stacks.Close)
	h.identity.kinesis, h.identity.lambda, h.identity.athena = h.kinesis, h.lambda, h.athena
	h.identity.tagged = tagged{h.kinesis, h.firehose, h.lambda, h.logs, h.glue, h.athena, h.queues, h.topics}

	services := h.services()
	if h.faults, err = c.faultTable(services); err != nil {
		return h, err
	}
	w := wire.Config{Services: services, Log: log, Faults: h.faults, Done: m.done}
	h.identity.guard(&w, enforce)
	h.wire = wire.NewServer(w)
	return h, nil
}

// start lets what was under way when the house was last closed go on. Functions call us, so it comes
// after we listen.
func (h *house) start() {
	h.transforms.open(h.lambda.Caller())
	h.lambda.Start()
	h.stacks.Start()
}

// services are the rooms with a door to the wire.
func (h *house) services() []wire.Service {
	return []wire.Service{h.kinesis.Wire(), h.lambda.Wire(), h.firehose.Wire(), h.s3.Wire(), h.glue.Wire(), h.athena.Wire(), h.logs.Wire(), h.watch.Wire(), h.queues.Wire(), h.topics.Wire(), h.identity.iam.Wire(), h.identity.sts.Wire(), h.stacks.Wire()}
}

func (h *house) closing(f func() error) { h.closers = append(h.closers, f) }

// close closes the rooms in reverse order of their opening.
func (h *house) close() error {
	var errs []error
	for _, f := range slices.Backward(h.closers) {
		errs = append(errs, f())
	}
	h.closers = nil
	return errors.Join(errs...)
}
