package firehose

import (
	"slices"
	"strconv"
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
			if p.parameter("JsonParsingEngine") != "JQ-1.6" {
				err = invalid("MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6")
			}
		case deaggregation:
			if !isTrue(partitioning(d)) {
				return invalid(processorPackage + "RecordDeAggregationProcessor can only be present when Dynamic Partitioning is enabled.")
			}
			err = checkDeaggregation(p)
		case cloudWatchLogs:
			if !has(decompression) {
				err = invalid("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
			}
		}
		if err != nil {
			return err
		}
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
