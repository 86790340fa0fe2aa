package filter

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/firehose"

	"github.com/hydrant-stream/hydrant/internal/awsbody"
)

// Start is the function's main: it reads the settings from the environment and answers the Runtime
// API until the process ends. It does not return.
func Start() {
	settings, err := ReadSettings(os.Getenv)
	if err != nil {
		fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fatal(err)
	}
	cfg.HTTPClient = awsbody.Over(cfg.HTTPClient)
	client := firehose.NewFromConfig(cfg, func(o *firehose.Options) {
		o.Retryer = aws.NopRetryer{} // every attempt is ours, counted and logged
		overProtocol(o)
	})
	lambda.Start(New(settings, client, logger()))
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "nyc-taxi-trips:", err)
	os.Exit(1)
}

// logger writes lines without a time: CloudWatch Logs keeps one for each.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}
