// Search as you type.
import { useDeferredValue, useState } from 'react'
import { useQuery } from 'urql'
import { sentenceOf } from './errors.js'
import { SEARCH } from './operations.js'

export function Search() {
  const [typed, setTyped] = useState('')
  const text = useDeferredValue(typed.trim())
  const [{ data, error, fetching }] = useQuery({ query: SEARCH, variables: { text }, pause: text.length < 2 })
  const found = text.length < 2 ? undefined : data?.search
  return (
    <nav>
      <label>
        Customers
        <input
          type="search"
          placeholder="Part of a name, an address, a number, a company"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          autoFocus
        />
      </label>
      {error && <p role="alert">{sentenceOf(error)}</p>}
      <p className="hint" aria-live="polite">
        {fetching ? 'Looking …' : found && `${found.totalCount} found`}
      </p>
      <ul>
        {found?.nodes.map(
          (customer) =>
            customer.__typename === 'Customer' && (
              <li key={customer.id}>
                <a href={`#${encodeURIComponent(customer.id)}`}>{customer.displayName}</a>
                <small>{[customer.accountName, customer.primaryEmail?.address].filter(Boolean).join(' · ')}</small>
              </li>
            ),
        )}
      </ul>
    </nav>
  )
}
