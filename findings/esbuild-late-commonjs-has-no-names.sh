#!/usr/bin/env bash
# Tools: esbuild 0.28.2, @aws-sdk/client-s3 3.1175.0 (its CommonJS build), Node.
# Guess: `const { S3Client } = await import('@aws-sdk/client-s3')` finds the same in a bundle as without one: Node finds the names of a
#   CommonJS package, and a static import of it works in the bundle too.
# Truth: with `splitting`, where packages are taken as CommonJS (mainFields: ['main', 'module'], as for a graphql that has to be there
#   once), an import() has `default` alone: S3Client is undefined, and the first use says "is not a constructor". In a bundle of one
#   file the same import() works, and so does a static import with splitting: only what is loaded late, in the bundle that was split so
#   that it is loaded late, breaks. The build says nothing, and neither do types and tests of the sources.
# Why it matters for chat: what few deployments use, as a store of files, is loaded late, so that starting stays quick; then it
#   works in every test and not in the image. Test the bundle with the setting on; point late packages at their ESM build.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund esbuild@0.28.2 @aws-sdk/client-s3@3.1175.0 >/dev/null
echo "console.log('import():', typeof (await import('@aws-sdk/client-s3')).S3Client)" >late.mjs
echo "import { S3Client } from '@aws-sdk/client-s3'; console.log('import:', typeof S3Client)" >early.mjs
# CommonJS packages call require() for Node's built-in modules.
banner="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
bundle() {
  npx esbuild "$1.mjs" --bundle --platform=node --format=esm --outdir="$2" --banner:js="$banner" --log-level=error "${@:3}"
}
bundle late whole --main-fields=main,module
bundle early early --main-fields=main,module --splitting
bundle late split --main-fields=main,module --splitting
bundle late esm --main-fields=module,main --splitting
{
  echo "Node, $(node late.mjs)"
  echo "one file, CommonJS, $(node whole/late.js)"
  echo "split, CommonJS, $(node early/early.js)"
  echo "split, CommonJS, $(node split/late.js)"
  echo "split, ESM, $(node esm/late.js)"
} >out
node --version; npm ls | grep -E 'esbuild|aws-sdk'; cat out
[ "$(cat out)" = 'Node, import(): function
one file, CommonJS, import(): function
split, CommonJS, import: function
split, CommonJS, import(): undefined
split, ESM, import(): function' ]
