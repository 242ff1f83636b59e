// What Neo4j Browser's own language support finds in Cypher files: node lint.mjs "CYPHER 25" FOLDER FILE…
// Prints [{file, line, message}]. A parameter is known when the file's header names it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lintCypherQuery, testData } from '@neo4j-cypher/language-support'

const { functions, procedures } = testData.mockSchema

function problems(version, folder, file) {
  const text = readFileSync(join(folder, file), 'utf8')
  const named = [...text.matchAll(/^\/\/ :param (\w+) =>/gm)].map((match) => [match[1], null])
  const schema = { defaultLanguage: version, functions, procedures, parameters: Object.fromEntries(named) }
  return lintCypherQuery(text, schema).diagnostics.map(({ range, message }) => ({
    file,
    line: range.start.line + 1,
    message,
  }))
}

const [version, folder, ...files] = process.argv.slice(2)
console.log(JSON.stringify(files.flatMap((file) => problems(version, folder, file))))
