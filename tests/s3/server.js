'use strict';

// s3rver, with what S3 promises and s3rver does not keep: an object is replaced whole, and what was answered is there.
// node --openssl-legacy-provider server.js DIRECTORY PORT BUCKET

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { Readable } = require('stream');
const S3rver = require('s3rver');

const [directory, port, bucket] = process.argv.slice(2);
fs.mkdirSync(directory, { recursive: true });
const server = new S3rver({ directory, port: Number(port), address: '127.0.0.1', silent: true, vhostBuckets: false, configureBuckets: [{ name: bucket }] });

const store = server.store;
let turn = Promise.resolve();

/** Runs one operation after the other. */
function inTurn(operation) {
  const done = turn.then(operation);
  turn = done.catch(() => {});
  return done;
}

async function bytesOf(stream) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const { getObject, listObjects, deleteObject } = store;
store.listObjects = (...args) => inTurn(() => listObjects.apply(store, args));
store.deleteObject = (...args) => inTurn(() => deleteObject.apply(store, args));
store.getObject = (...args) =>
  inTurn(async () => {
    const object = await getObject.apply(store, args);
    if (object && object.content) {
      object.content = Readable.from([await bytesOf(object.content)]);
    }
    return object;
  });
store.putObject = async object => {
  const content = Buffer.isBuffer(object.content) ? object.content : await bytesOf(object.content);
  return inTurn(async () => {
    const file = store.getResourcePath(object.bucket, object.key, 'object');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    const md5 = crypto.createHash('md5').update(content).digest('hex');
    await store.putMetadata(object.bucket, object.key, object.metadata, md5);
    return { size: content.length, md5 };
  });
};

process.stdin.resume().on('end', () => process.exit());
server.run().then(() => console.log('listening'));
