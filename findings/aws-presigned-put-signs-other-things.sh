#!/usr/bin/env bash
# Tools: @aws-sdk/client-s3 3.1175.0, @aws-sdk/s3-request-presigner 3.1169.0.
# Guess: getSignedUrl(client, new PutObjectCommand({ Bucket, Key, ContentType, ContentLength })) gives an address to which exactly that
#   can be put: so many bytes, of this type.
# Truth: the size is signed, and the type is not: whoever has the address chooses it, text/html for one. signableHeaders, which reads as
#   if it only allowed what is signed by itself, brings it in. And what nobody asked for is signed: the CRC32 of no bytes
#   (AAAAAA==), as the client computes a checksum of the body that it does not have; a store that checks it refuses every file. With
#   requestChecksumCalculation: 'WHEN_REQUIRED' it is gone.
# Why it matters for chat: files of strangers are put by such addresses and opened by others in a browser. The type that was allowed is not
#   the one that is served, unless it is signed, or set anew when the file is given out.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @aws-sdk/client-s3@3.1175.0 @aws-sdk/s3-request-presigner@3.1169.0 >/dev/null
cat >look.mjs <<'JS'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

const client = (settings) =>
  new S3Client({ region: 'eu-central-1', credentials: { accessKeyId: 'key', secretAccessKey: 'secret' }, ...settings })
const put = new PutObjectCommand({ Bucket: 'files', Key: 'a.png', ContentType: 'image/png', ContentLength: 10 })
const show = async (name, settings, options) => {
  const { searchParams } = new URL(await getSignedUrl(client(settings), put, options))
  console.log(`${name}: ${searchParams.get('X-Amz-SignedHeaders')}, checksum ${searchParams.get('x-amz-checksum-crc32')}`)
}
const plain = { requestChecksumCalculation: 'WHEN_REQUIRED' }
await show('as it comes', {}, {})
await show('checksums when required', plain, {})
await show('signableHeaders with both', plain, { signableHeaders: new Set(['content-type', 'content-length']) })
JS
node look.mjs >out 2>/dev/null
node --version; npm ls | grep aws-sdk; cat out
[ "$(cat out)" = 'as it comes: content-length;host, checksum AAAAAA==
checksums when required: content-length;host, checksum null
signableHeaders with both: content-length;content-type;host, checksum null' ]
