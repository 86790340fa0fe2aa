const calls = { n: 0 };
exports.echo = async (event) => event;
exports.about = async (event, context) => {
  console.log('about', { n: ++calls.n });
  return { id: context.awsRequestId, name: context.functionName, left: context.getRemainingTimeInMillis(), calls: calls.n };
};
exports.callback = (event, context, done) => { setTimeout(() => done(null, 'called back'), 5); };
exports.throws = async () => { throw new TypeError('no such trip'); };
exports.callbackError = (event, context, done) => done(new Error('said so'));
exports.rejects = async () => { Promise.reject(new Error('nobody listens')); await new Promise((r) => setTimeout(r, 1000)); };
exports.leaves = async () => process.exit(2);
exports.number = 7;
