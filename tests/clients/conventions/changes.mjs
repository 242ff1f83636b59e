// What graphql-inspector finds between two schemas, as JSON: node changes.mjs OLD.graphql NEW.graphql
import { readFileSync } from 'node:fs'
import { diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

const [before, after] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, 'utf8')))
const changes = await diff(before, after)
console.log(JSON.stringify(changes.map(({ criticality, message, path }) => ({ level: criticality.level, message, path }))))
