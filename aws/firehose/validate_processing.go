package firehose

import (
	"encoding/base64"
	"slices"
	"strconv"

	"github.com/hydrant-stream/hydrant/aws/firehose/prefix"
)

const (
	appendDelimiter  = "AppendDelimiterToRecord"
	lambdaProcessor  = "Lambda"
	metadataExtract  = "MetadataExtraction"
	deaggregation    = "RecordDeAggregation"
	decompression    = "Decompression"
	cloudWatchLogs   = "CloudWatchLogProcessing"
	leastProcessors  = 1
	mostProcessors   = 5
	processorPackage = "class com.amazonaws.services.firehose.internal.model."
)

// activeProcessors are the processors that run: none unless processing is enabled in so many words.
func activeProcessors(d *ExtendedS3DestinationConfiguration) []Processor {
	if d.ProcessingConfiguration == nil || !isTrue(d.ProcessingConfiguration.Enabled) {
		return nil
	}
	return d.ProcessingConfiguration.Processors
}

func active(d *ExtendedS3DestinationConfiguration, kind string) bool {
	return slices.ContainsFunc(activeProcessors(d), func(p Processor) bool { return p.Type == kind })
}

func checkProcessors(d *ExtendedS3DestinationConfiguration) error {
	if d.ProcessingConfiguration == nil || !isTrue(d.ProcessingConfiguration.Enabled) {
		return nil
	}
	list := d.ProcessingConfiguration.Processors
	if len(list) < leastProcessors || len(list) > mostProcessors {
		return invalid("A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.")
	}
	has := func(kind string) bool {
		return slices.ContainsFunc(list, func(p Processor) bool { return p.Type == kind })
	}
	lambdas := 0
	for _, p := range list {
		var err error
		switch p.Type {
		case lambdaProcessor:
			if lambdas++; lambdas > 1 {
				return invalid("Cannot have more than 1 Lambda processor.")
			}
			err = checkLambda(p)
		case metadataExtract:
			if !isTrue(partitioning(d)) {
				return invalid(processorPackage + "MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.")
			}
			switch {
			case p.parameter("JsonParsingEngine") != "JQ-1.6":
				err = invalid("MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6")
			case p.parameter("MetadataExtractionQuery") == "":
				err = invalid("MetadataExtractionQuery is required when MetadataExtraction processor is used.")
			}
		case deaggregation:
			if !isTrue(partitioning(d)) {
				return invalid(processorPackage + "RecordDeAggregationProcessor can only be present when Dynamic Partitioning is enabled.")
			}
			err = checkDeaggregation(p)
		case decompression:
			if p.parameter("CompressionFormat") != "GZIP" {
				err = invalid("CompressionFormat for decompression processor has to be one of GZIP")
			}
		case cloudWatchLogs:
			if !has(decompression) {
				err = invalid("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
			} else if p.parameter("DataMessageExtraction") != "true" {
				err = invalid("DataMessageExtraction for CloudWatchLogProcessing processor has to be true")
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkKeys holds the partition keys of the prefix against the processors that are to give them.
func checkKeys(d *ExtendedS3DestinationConfiguration) error {
	if !isTrue(partitioning(d)) {
		return nil
	}
	p, err := prefix.Parse(prefix.Data, deref(d.Prefix))
	if err != nil {
		return invalid("%s", err)
	}
	queryKeys, lambdaKeys := p.PartitionKeys()
	var q *query
	lambda := false
	for _, c := range activeProcessors(d) {
		switch c.Type {
		case lambdaProcessor:
			lambda = true
		case metadataExtract:
			if q, err = newQuery(c.parameter("MetadataExtractionQuery")); err != nil {
				return invalid("MetaDataExtraction JQ Query is invalid: %s", err)
			}
		}
	}
	switch {
	case len(lambdaKeys) > 0 && !lambda:
		return invalid("partitionKeyFromLambda can be part of the S3 Prefix expression only when a Lambda processor is enabled")
	case len(queryKeys) > 0 && q == nil:
		return invalid("partitionKeyFromQuery can be part of the S3 Prefix expression only when a MetadataExtraction processor is enabled")
	case q != nil && q.known && len(missing(q.keys, queryKeys)) > 0:
		return invalid("MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression")
	case q != nil && q.known && len(missing(queryKeys, q.keys)) > 0:
		return invalid("S3 Prefix expression can't contain keys that are not present in the MetaDataExtraction JQ Query")
	}
	return nil
}

func checkDeaggregation(p Processor) error {
	switch p.parameter("SubRecordType") {
	case "JSON":
	case "DELIMITED":
		if p.parameter("Delimiter") == "" {
			return invalid("Delimiter should be present for DELIMITED")
		}
		if b, err := base64.StdEncoding.DecodeString(p.parameter("Delimiter")); err != nil || len(b) == 0 {
			return invalid("Delimiter for DELIMITED must be base64 encoded")
		}
	default:
		return invalid("SubRecordType has to be one of JSON, DELIMITED")
	}
	return nil
}

func checkLambda(p Processor) error {
	size, interval, retries := p.parameter("BufferSizeInMBs"), p.parameter("BufferIntervalInSeconds"), p.parameter("NumberOfRetries")
	switch {
	case p.parameter("LambdaArn") == "":
		return invalid("LambdaArn is required when Lambda processor is used.")
	case (size == "") != (interval == ""):
		return invalid("Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.")
	case size != "" && !within(size, 0.2, 3):
		return invalid("BufferSizeInMBs for lambda processor must be between 0.2 and 3.")
	case interval != "" && !within(interval, 0, 900):
		return invalid("BufferIntervalInSeconds for lambda processor must be between 0 and 900.")
	case retries != "" && !within(retries, 0, 300):
		return invalid("Number of retries for lambda must be between 0 and 300.")
	}
	return nil
}

func within(s string, least, most float64) bool {
	n, err := strconv.ParseFloat(s, 64)
	return err == nil && n >= least && n <= most
}

// parameter is the value of a parameter, or "".
func (p Processor) parameter(name string) string {
	for _, m := range p.Parameters {
		if m.ParameterName == name {
			return m.ParameterValue
		}
	}
	return ""
}
