// Reads a stream by enhanced fan-out as any program would, and prints what it sees. The endpoint comes
// from AWS_ENDPOINT_URL: the client speaks HTTP/2 to it, with TLS or without.
import {
  CreateStreamCommand, DescribeStreamConsumerCommand, DescribeStreamSummaryCommand, GetRecordsCommand,
  GetShardIteratorCommand, KinesisClient, PutRecordCommand, PutRecordsCommand, RegisterStreamConsumerCommand,
  SplitShardCommand, SubscribeToShardCommand,
} from "@aws-sdk/client-kinesis";

const StreamName = process.argv[2];
const ShardId = "shardId-000000000000";
const k = new KinesisClient({ maxAttempts: 1 });
console.log("handler", k.config.requestHandler.metadata.handlerProtocol);

async function until(f) {
  for (;;) {
    const v = await f();
    if (v) return v;
    await new Promise((r) => setTimeout(r, 50));
  }
}

await k.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
const stream = await until(async () => {
  const { StreamDescriptionSummary: s } = await k.send(new DescribeStreamSummaryCommand({ StreamName }));
  return s.StreamStatus === "ACTIVE" && s;
});
const { Consumer } = await k.send(new RegisterStreamConsumerCommand({ StreamARN: stream.StreamARN, ConsumerName: "node" }));
await until(async () => {
  const { ConsumerDescription: c } = await k.send(new DescribeStreamConsumerCommand({ ConsumerARN: Consumer.ConsumerARN }));
  return c.ConsumerStatus === "ACTIVE";
});
const put = (text) => k.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.from(text) }));
await put("r0");

const { ShardIterator } = await k.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }));
const page = await k.send(new GetRecordsCommand({ ShardIterator }));
console.log("get", page.Records.map((r) => Buffer.from(r.Data).toString()).join(","));

const subscribe = (StartingPosition) =>
  k.send(new SubscribeToShardCommand({ ConsumerARN: Consumer.ConsumerARN, ShardId, StartingPosition }));
const { EventStream } = await subscribe({ Type: "TRIM_HORIZON" });
let step = 0;
for await (const event of EventStream) {
  const e = event.SubscribeToShardEvent;
  if (!e) throw new Error("unexpected event " + JSON.stringify(event));
  for (const r of e.Records) console.log("push", r.PartitionKey, Buffer.from(r.Data).toString());
  if (e.ChildShards) {
    console.log("end", e.ChildShards.map((c) => c.ShardId).join(","), e.ContinuationSequenceNumber ?? "no continuation");
    continue;
  }
  if (!e.ContinuationSequenceNumber) throw new Error("no ContinuationSequenceNumber");
  if (e.Records.length === 0) continue;
  switch (step++) {
    case 0:
      try {
        await subscribe({ Type: "LATEST" });
        console.log("a second subscription was taken");
      } catch (err) {
        console.log("again", err.name);
      }
      await k.send(new PutRecordsCommand({
        StreamName, Records: ["r1", "r2"].map((t) => ({ PartitionKey: "k", Data: Buffer.from(t) })),
      }));
      break;
    default:
      await k.send(new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: "1000" }));
  }
}
console.log("done");
k.destroy();
