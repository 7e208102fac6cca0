import { transformAsync } from '@babel/core'

/** Relay's `graphql` tags stand for what its compiler wrote: its Babel plugin puts that there, as in any project with Relay. */
export const relayTags = {
  name: 'relay-tags',
  enforce: 'pre' as const,
  async transform(code: string, id: string) {
    if (!id.includes('/examples/relay/') || !code.includes('graphql`')) return null
    const result = await transformAsync(code, {
      filename: id,
      babelrc: false,
      configFile: false,
      sourceMaps: true,
      parserOpts: { plugins: ['typescript'] },
      plugins: [['babel-plugin-relay', { eagerEsModules: true, artifactDirectory: 'examples/relay/generated' }]],
    })
    return result?.code ? { code: result.code, map: result.map } : null
  },
}
