import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.*;

/** Puts, gets and reads by enhanced fan-out, as any program would, and prints what it sees. */
public class Subscribe {
    static final String SHARD = "shardId-000000000000";

    public static void main(String[] args) throws Exception {
        String stream = args[1];
        AtomicReference<String> type = new AtomicReference<>();
        KinesisAsyncClient k = KinesisAsyncClient.builder()
            .endpointOverride(URI.create(args[0]))
            .region(Region.US_EAST_1)
            .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1)).addExecutionInterceptor(new ExecutionInterceptor() {
                @Override
                public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
                    context.httpRequest().firstMatchingHeader("Content-Type").ifPresent(type::set);
                }
            }))
            .build();

        k.createStream(r -> r.streamName(stream).shardCount(1)).join();
        String arn = k.waiter().waitUntilStreamExists(r -> r.streamName(stream)).join()
            .matched().response().get().streamDescription().streamARN();
        System.out.println("type " + type.get());
        String consumer = k.registerStreamConsumer(r -> r.streamARN(arn).consumerName("java")).join().consumer().consumerARN();
        while (k.describeStreamConsumer(r -> r.consumerARN(consumer)).join().consumerDescription().consumerStatus() != ConsumerStatus.ACTIVE) {
            Thread.sleep(50);
        }
        k.putRecord(r -> r.streamName(stream).partitionKey("k").data(SdkBytes.fromUtf8String("r0"))).join();
        String iterator = k.getShardIterator(r -> r.streamName(stream).shardId(SHARD).shardIteratorType("TRIM_HORIZON")).join().shardIterator();
        GetRecordsResponse page = k.getRecords(r -> r.shardIterator(iterator)).join();
        System.out.println("get " + page.records().stream().map(r -> r.data().asUtf8String()).collect(Collectors.joining(","))
            + (page.records().get(0).approximateArrivalTimestamp().toEpochMilli() > 1_700_000_000_000L ? "" : " at a wrong time"));

        AtomicInteger step = new AtomicInteger();
        SubscribeToShardResponseHandler handler = SubscribeToShardResponseHandler.builder()
            .subscriber(SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(e -> {
                e.records().forEach(r -> System.out.println("push " + r.partitionKey() + " " + r.data().asUtf8String()));
                if (e.hasChildShards()) {
                    System.out.println("end " + e.childShards().stream().map(ChildShard::shardId).collect(Collectors.joining(","))
                        + " " + (e.continuationSequenceNumber() == null ? "no continuation" : e.continuationSequenceNumber()));
                } else if (e.continuationSequenceNumber() == null) {
                    System.out.println("no ContinuationSequenceNumber");
                } else if (!e.records().isEmpty()) {
                    // The event loop must not wait for answers that come by it.
                    int now = step.getAndIncrement();
                    CompletableFuture.runAsync(() -> next(k, stream, consumer, now));
                }
            }).build())
            .build();
        k.subscribeToShard(r -> r.consumerARN(consumer).shardId(SHARD).startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)), handler).join();
        System.out.println("done");
        k.close();
    }

    static void next(KinesisAsyncClient k, String stream, String consumer, int step) {
        if (step > 0) {
            k.splitShard(r -> r.streamName(stream).shardToSplit(SHARD).newStartingHashKey("1000")).join();
            return;
        }
        try {
            k.subscribeToShard(r -> r.consumerARN(consumer).shardId(SHARD).startingPosition(p -> p.type(ShardIteratorType.LATEST)),
                SubscribeToShardResponseHandler.builder().subscriber(e -> { }).build()).join();
            System.out.println("a second subscription was taken");
        } catch (CompletionException e) {
            System.out.println("again " + e.getCause().getClass().getSimpleName());
        }
        List<PutRecordsRequestEntry> records = Stream.of("r1", "r2")
            .map(t -> PutRecordsRequestEntry.builder().partitionKey("k").data(SdkBytes.fromUtf8String(t)).build()).toList();
        k.putRecords(r -> r.streamName(stream).records(records)).join();
    }
}
