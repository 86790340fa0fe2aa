package access

var kinesisRules = func() map[string]rule {
	m := map[string]rule{}
	stream := named("kinesis", "stream/", "StreamARN", "StreamName")
	each(m, rule{on: stream},
		"AddTagsToStream", "CreateStream", "DecreaseStreamRetentionPeriod", "DeleteStream", "DescribeStream",
		"DescribeStreamSummary", "DisableEnhancedMonitoring", "EnableEnhancedMonitoring", "GetShardIterator",
		"IncreaseStreamRetentionPeriod", "ListStreamConsumers", "ListTagsForStream", "MergeShards", "PutRecord",
		"PutRecords", "RegisterStreamConsumer", "RemoveTagsFromStream", "SplitShard", "StartStreamEncryption",
		"StopStreamEncryption", "UpdateMaxRecordSize", "UpdateShardCount", "UpdateStreamMode", "UpdateStreamWarmThroughput")
	each(m, rule{on: byToken}, "GetRecords", "ListShards")
	each(m, rule{on: one(consumer)}, "DescribeStreamConsumer", "DeregisterStreamConsumer", "SubscribeToShard")
	each(m, rule{on: named("kinesis", "", "ResourceARN")},
		"DeleteResourcePolicy", "GetResourcePolicy", "ListTagsForResource", "PutResourcePolicy", "TagResource", "UntagResource")
	each(m, rule{}, "DescribeAccountSettings", "DescribeLimits", "ListStreams", "UpdateAccountSettings")
	return m
}()

// byToken: an iterator or a listing's token stands for the stream. What it says counts before the
// name beside it: that is what is read.
func byToken(x *input) []string {
	if token := x.text("ShardIterator", "NextToken"); token != "" && x.look.StreamOfIterator != nil {
		if arn := x.look.StreamOfIterator(token); arn != "" {
			return []string{arn}
		}
	}
	if x.text("ShardIterator") != "" {
		return []string{"*"}
	}
	return named("kinesis", "stream/", "StreamARN", "StreamName")(x)
}

// consumer is a consumer's ARN. One given by name lacks the time in it, which policies leave to a wild
// card anyway.
func consumer(x *input) string {
	if arn := x.text("ConsumerARN"); arn != "" {
		return arn
	}
	if stream, name := x.text("StreamARN"), x.text("ConsumerName"); stream != "" && name != "" {
		return stream + "/consumer/" + name + ":"
	}
	return ""
}
