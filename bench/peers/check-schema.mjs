import { deepStrictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isUnionType } from 'graphql'
import { typeDefs } from './common/rules.mjs'

const product = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')

const fieldsOf = (type) =>
  Object.values(type.getFields()).flatMap((field) => [
    `${field.name}: ${String(field.type)}`,
    ...(field.args ?? []).map((arg) => `${field.name}(${arg.name}: ${String(arg.type)})`),
  ])

function linesOf(type) {
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) return fieldsOf(type)
  if (isUnionType(type)) return type.getTypes().map(({ name }) => name)
  return isEnumType(type) ? type.getValues().map(({ name }) => name) : []
}

/** Checks that the peers' schema is a part of Parley's: each of its types and fields is there, with the same type. */
export function checkSubset() {
  const whole = buildSchema(product).getTypeMap()
  for (const [name, type] of Object.entries(buildSchema(typeDefs).getTypeMap())) {
    if (name.startsWith('__')) continue
    const lines = whole[name] ? linesOf(whole[name]) : null
    deepStrictEqual(
      lines && linesOf(type).filter((line) => !lines.includes(line)),
      [],
      `${name} is as in schema.graphql`,
    )
  }
}
