package access

var firehoseRules = func() map[string]rule {
	m := map[string]rule{}
	stream := named("firehose", "deliverystream/", "DeliveryStreamName")
	each(m, rule{on: stream},
		"DeleteDeliveryStream", "DescribeDeliveryStream", "ListTagsForDeliveryStream", "PutRecord", "PutRecordBatch",
		"StartDeliveryStreamEncryption", "StopDeliveryStreamEncryption", "TagDeliveryStream", "UntagDeliveryStream")
	each(m, rule{on: stream, also: handsOver}, "CreateDeliveryStream", "UpdateDestination")
	each(m, rule{}, "ListDeliveryStreams")
	return m
}()

// handsOver: a delivery stream works with the roles its configuration names, the one of a Lambda
// processor among them, which stands in a list of parameters.
func handsOver(x *input) []Need {
	needs := passes("firehose.amazonaws.com", "RoleARN", "RoleArn")(x)
	for _, arn := range x.parameters("RoleArn") {
		needs = append(needs, Need{Action: "iam:PassRole", Resource: arn, Context: map[string][]string{"iam:PassedToService": {"firehose.amazonaws.com"}}})
	}
	return needs
}
