// A journey, newest first, page by page. New interactions are announced and do not move what one is reading.
import { useState } from 'react'
import { useQuery, useSubscription } from 'urql'
import { sentenceOf } from './errors.js'
import type { JourneyQuery } from './gql/graphql.js'
import { JOURNEY, NEW_INTERACTIONS } from './operations.js'

type Interaction = NonNullable<JourneyQuery['customer']>['interactions']['nodes'][number]

export function Journey({ id, after }: { id: string; after: string }) {
  const [{ data: news }] = useSubscription(
    { query: NEW_INTERACTIONS, variables: { id, after } },
    (told: string[] = [], { interactionRecorded }) => [...told, interactionRecorded.interactionId],
  )
  const [shown, setShown] = useState(0)
  const unseen = (news?.length ?? 0) - shown
  return (
    <section>
      <h2>Journey</h2>
      {unseen > 0 && <button onClick={() => setShown(shown + unseen)}>{unseen} new: show</button>}
      <ol>
        <Page key={shown} id={id} />
      </ol>
    </section>
  )
}

/** A page, and the pages behind it that were asked for. Each is a query of its own: its cursor keeps it right. */
function Page({ id, after }: { id: string; after?: string }) {
  const [{ data, error }] = useQuery({
    query: JOURNEY,
    variables: after === undefined ? { id } : { id, after },
    requestPolicy: after === undefined ? 'network-only' : 'cache-first',
  })
  const [isOpen, setOpen] = useState(false)
  if (error) return <li role="alert">{sentenceOf(error)}</li>
  const interactions = data?.customer?.interactions
  if (!interactions) return <li className="hint">Reading …</li>
  const { hasNextPage, endCursor } = interactions.pageInfo
  return (
    <>
      {interactions.nodes.map((interaction) => (
        <Moment key={interaction.id} {...interaction} />
      ))}
      {hasNextPage && endCursor && isOpen && <Page id={id} after={endCursor} />}
      {hasNextPage && !isOpen && (
        <li>
          <button onClick={() => setOpen(true)}>Older</button>
        </li>
      )}
    </>
  )
}

function Moment({ occurredAt, kind, function: business, channel, subject, touchpoint, surveyResponse }: Interaction) {
  return (
    <li className={`moment ${business.toLowerCase()}`}>
      <time dateTime={occurredAt}>{occurredAt.slice(0, 10)}</time>
      <span>
        {touchpoint?.isMomentOfTruth && '★ '}
        {touchpoint?.name ?? `${kind} by ${channel.toLowerCase()}`}
        {surveyResponse && <b>{` ${surveyResponse.metric} ${surveyResponse.rawScore}`}</b>}
        <small>{surveyResponse?.comment ?? subject}</small>
      </span>
    </li>
  )
}
