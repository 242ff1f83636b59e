// One customer: the golden record with where its values come from, and their journey, both kept up to date.
import { useEffect, useState } from 'react'
import { useQuery, useSubscription } from 'urql'
import { mustBeginAgain, sentenceOf } from './errors.js'
import type { CardFragment, CustomerQuery } from './gql/graphql.js'
import { Journey } from './journey.js'
import { CUSTOMER, CUSTOMER_CHANGES } from './operations.js'

type Provenance = NonNullable<CustomerQuery['customer']>['fieldProvenance']

export function Customer({ id }: { id: string }) {
  // What the cache holds of an earlier visit may be old, and so would be its cursor.
  const [{ data, error, fetching }, readAgain] = useQuery({
    query: CUSTOMER,
    variables: { id },
    requestPolicy: 'network-only',
  })
  if (error) return <p role="alert">{sentenceOf(error)}</p>
  if (fetching || !data) return <p className="hint">Reading …</p>
  if (!data.customer) return <p className="hint">There is no such customer.</p>
  const { cursor } = data.changeLog
  return (
    <article>
      <Card customer={data.customer} />
      <Origins provenance={data.customer.fieldProvenance} />
      <Live key={cursor} id={id} after={cursor} beginAgain={() => readAgain({ requestPolicy: 'network-only' })} />
      <Journey key={`journey ${cursor}`} id={id} after={cursor} />
    </article>
  )
}

function Card({ customer }: { customer: CardFragment }) {
  return (
    <header>
      <h1>{customer.displayName}</h1>
      <p>
        {[customer.jobTitle, customer.accountName].filter(Boolean).join(', ')}
        {customer.lifecycleStage && <mark>{customer.lifecycleStage}</mark>}
      </p>
      <p>{[customer.primaryEmail?.address, customer.primaryPhone?.number].filter(Boolean).join(' · ')}</p>
      <p className="hint">
        {customer.recordCount} records of {customer.sources.join(', ')}; {customer.interactionCount} interactions
      </p>
    </header>
  )
}

function Origins({ provenance }: { provenance: Provenance }) {
  return (
    <details>
      <summary>Where these values come from</summary>
      <table>
        <tbody>
          {provenance.map(({ field, rule, isPinned, sourceRecord }) => (
            <tr key={field}>
              <th scope="row">{field.toLowerCase().replaceAll('_', ' ')}</th>
              <td>{isPinned ? 'a person' : sourceRecord?.source}</td>
              <td>{rule}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

/** Nothing has to be done with an event: it carries the customer with its id, and the cache shows it everywhere. */
function Live({ id, after, beginAgain }: { id: string; after: string; beginAgain: () => void }) {
  const [{ data, error }] = useSubscription({ query: CUSTOMER_CHANGES, variables: { id, after } })
  const [isOver, setOver] = useState(false)
  // A customer that was merged into another is told as null; read again, the id answers with who they are now.
  const isMerged = data !== undefined && data.customerUpdated.customer === null
  useEffect(() => {
    if (isMerged || (error && mustBeginAgain(error))) beginAgain()
    else setOver(error !== undefined)
  }, [isMerged, error])
  return <p className="live">{isOver && error ? sentenceOf(error) : 'Live'}</p>
}
