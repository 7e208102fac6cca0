#!/usr/bin/env bash
# Tools: @aws-sdk/client-s3 3.1175.0; OpenStack Swift 2.30 with its S3 API (Debian: swift-proxy swift-account swift-container swift-object).
# Guess: a store that speaks S3 is used with AWS' own client by setting the endpoint.
# Truth: a stream whose length is known and said is put in a framing of AWS' own (aws-chunked, with a checksum behind it): 501 here. With
#   checksums WHEN_REQUIRED it goes as it is. DeleteObjects needs a Content-MD5 here, as it did at AWS for years; the client sends a
#   newer checksum instead, with that setting too: 400, and nothing is deleted. One DeleteObject for each works. And a download that
#   goes on (Range with If-Range of another tag) gets the part of the new file, 206, as if it were still the old one.
# Why it matters for chat: uploads work in development against one store and fail at the customer's; erasure in bulk fails for as long as
#   nobody reads the log. Give each version of a file a key of its own, and its ranges cannot mix.
set -euo pipefail
command -v swift-proxy-server swift-object-server swift-container-server swift-account-server >/dev/null ||
  { echo 'apt-get install swift-proxy swift-account swift-container swift-object'; exit 2; }
dir=$(mktemp -d); pids=()
trap 'for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund @aws-sdk/client-s3@3.1175.0 >/dev/null
mkdir -p data/disk
printf '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n[storage-policy:0]\nname = one\ndefault = yes\n' >swift.conf
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
common() {
  printf '[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = %s\nuser = %s\nswift_dir = %s\nlog_address = /dev/null\nworkers = 0\n' "$1" "$(id -un)" "$dir"
}
for part in account container object; do
  port=$(free_port)
  { swift-ring-builder $part.builder create 2 1 0; swift-ring-builder $part.builder add "r1z1-127.0.0.1:$port/disk" 1
    swift-ring-builder $part.builder rebalance || [ $? = 1 ]; } >/dev/null
  { common "$port"; printf 'devices = %s/data\nmount_check = false\n[pipeline:main]\npipeline = %s-server\n' "$dir" $part
    printf '[app:%s-server]\nuse = egg:swift#%s\n' $part $part; } >$part.conf
  swift-$part-server $part.conf >/dev/null 2>&1 & pids+=($!)
done
port=$(free_port)
{ common "$port"; cat <<'CONF'
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_a_b = secret .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
CONF
for name in catch_errors gatekeeper listing_formats s3api copy slo dlo versioned_writes; do printf '[filter:%s]\nuse = egg:swift#%s\n' $name $name; done; } >proxy.conf
swift-proxy-server proxy.conf >/dev/null 2>&1 & pids+=($!)
cat >look.js <<'JS'
import { Readable } from 'node:stream'
import { CreateBucketCommand, DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'

const client = (settings) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${process.argv[2]}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a:b', secretAccessKey: 'secret' },
    maxAttempts: 1,
    ...settings,
  })
const [asItComes, plain] = [client({}), client({ requestChecksumCalculation: 'WHEN_REQUIRED' })]
const Bucket = 'files'
const deadline = Date.now() + 60_000
for (;;) {
  try {
    await plain.send(new CreateBucketCommand({ Bucket }))
    break
  } catch (error) {
    if (Date.now() > deadline) throw error
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
const status = (answer) => answer.then(({ $metadata }) => $metadata, ({ $metadata }) => $metadata).then(({ httpStatusCode }) => httpStatusCode)
const stream = () => ({ Bucket, Key: 'a', Body: Readable.from([Buffer.from('0123456789')]), ContentLength: 10 })
console.log('put a stream, as it comes:', await status(asItComes.send(new PutObjectCommand(stream()))))
console.log('put a stream, checksums when required:', await status(plain.send(new PutObjectCommand(stream()))))
const ranged = plain.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=2-4' }))
console.log('a range:', await status(ranged))
plain.middlewareStack.add((next) => (args) => { args.request.headers['if-range'] = '"of another file"'; return next(args) }, { step: 'build' })
console.log('a range of another tag (200):', await status(plain.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=2-4' }))))
const many = () => new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }] } })
console.log('delete many, as it comes:', await status(asItComes.send(many())))
console.log('delete many, checksums when required:', await status(client({ requestChecksumCalculation: 'WHEN_REQUIRED' }).send(many())))
console.log('delete one:', await status(asItComes.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))))
JS
node look.js "$port" >out 2>err || { cat err; exit 1; }
node --version; npm ls | grep aws-sdk; dpkg-query -W swift-proxy; cat out
[ "$(cat out)" = 'put a stream, as it comes: 501
put a stream, checksums when required: 200
a range: 206
a range of another tag (200): 206
delete many, as it comes: 400
delete many, checksums when required: 400
delete one: 204' ]
