// The taxi function in JavaScript: Kinesis batches in, complete trips on to Firehose.
//
// Settings, from the environment: delivery_stream_name (required), exponential_backoff_seed (default 35),
// number_of_retries (default 3). The event source mapping should have ReportBatchItemFailures.
//
// AWS's nodejs runtimes bring @aws-sdk/client-firehose along. Elsewhere it must lie in node_modules, in
// the archive or where node finds it.

import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { makeHandler, settings } from './filter.mjs';

const given = settings(process.env);
const client = new FirehoseClient({ maxAttempts: 1 }); // every attempt is ours, counted and logged

export const handler = makeHandler(given, (input) => client.send(new PutRecordBatchCommand(input)));
