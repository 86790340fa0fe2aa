package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// What the parts of the benchmark run on, made by plain calls.

const role = "arn:aws:iam::000000000000:role/bench"

var columns = [][2]string{
	{"trip_id", "bigint"}, {"pickup_latitude", "double"}, {"pickup_longitude", "double"}, {"dropoff_latitude", "double"}, {"dropoff_longitude", "double"},
	{"trip_distance", "double"}, {"passenger_count", "int"}, {"pickup_datetime", "timestamp"}, {"dropoff_datetime", "timestamp"}, {"total_amount", "double"},
}

type object = map[string]any

// prepare makes the bucket and the table.
func (s *server) prepare() error {
	if err := s.bucket(http.MethodPut); err != nil {
		return err
	}
	if err := s.call("AWSGlue.CreateDatabase", object{"DatabaseInput": object{"Name": "bench"}}); err != nil {
		return err
	}
	var cols []object
	for _, c := range columns {
		cols = append(cols, object{"Name": c[0], "Type": c[1]})
	}
	return s.call("AWSGlue.CreateTable", object{"DatabaseName": "bench", "TableInput": object{"Name": "trips", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": object{
		"Location": "s3://bench/trips/", "Columns": cols,
		"InputFormat":  "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		"OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
		"SerdeInfo":    object{"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
	}}})
}

func (s *server) call(op string, in object) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.put(request(op, body)); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

func (s *server) bucket(method string) error {
	r, err := http.NewRequest(method, "http://"+s.addr+"/bench", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode >= 300 {
		return fmt.Errorf("%s bucket: %s", method, reply.Status)
	}
	return nil
}

// dropBucket takes the destination away: deliveries fail and the spool grows.
func (s *server) dropBucket() error { return s.bucket(http.MethodDelete) }

func (s *server) create(name string, destination object) error {
	return s.call("CreateDeliveryStream", object{"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination})
}

// converting is a destination that makes Parquet of trips.
func converting(prefix string, mb, seconds int) object {
	return object{
		"BucketARN": "arn:aws:s3:::bench", "RoleARN": role, "Prefix": prefix, "ErrorOutputPrefix": "errors/",
		"BufferingHints": object{"SizeInMBs": mb, "IntervalInSeconds": seconds},
		"DataFormatConversionConfiguration": object{
			"InputFormatConfiguration":  object{"Deserializer": object{"OpenXJsonSerDe": object{}}},
			"OutputFormatConfiguration": object{"Serializer": object{"ParquetSerDe": object{}}},
			"SchemaConfiguration":       object{"RoleARN": role, "DatabaseName": "bench", "TableName": "trips"},
		},
	}
}

// partitioned is converting, with the member "part" as the partition. Nothing is delivered until the flush.
func partitioned() object {
	d := converting("parts/!{partitionKeyFromQuery:part}/", 128, 900)
	d["ErrorOutputPrefix"] = "errors/!{firehose:error-output-type}/"
	d["DynamicPartitioningConfiguration"] = object{"Enabled": true}
	d["ProcessingConfiguration"] = object{"Enabled": true, "Processors": []object{{"Type": "MetadataExtraction", "Parameters": []object{
		{"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{part:.part}"}, {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
	}}}}
	return d
}

// count is how many records a delivery stream has delivered as rows.
func (s *server) count(stream string) (int, error) {
	reply, err := http.Get("http://" + s.addr + "/metrics")
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	for lines := bufio.NewScanner(reply.Body); lines.Scan(); {
		if l := lines.Text(); strings.HasPrefix(l, "hydrant_firehose_delivered_records_total{") && strings.Contains(l, strconv.Quote(stream)) {
			n, err := strconv.ParseFloat(l[strings.LastIndexByte(l, ' ')+1:], 64)
			return int(n), err
		}
	}
	return 0, fmt.Errorf("no count of %s in /metrics", stream)
}
