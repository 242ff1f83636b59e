// The page: search on the left, the customer that was opened on the right. The address keeps who is open.
import { StrictMode, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import { Provider } from 'urql'
import { c360Client } from './client.js'
import { Customer } from './customer.js'
import { Search } from './search.js'

function Page() {
  const id = useSyncExternalStore(onAddress, openedId)
  return (
    <>
      <Search />
      <main>{id ? <Customer key={id} id={id} /> : <p className="hint">Look for a customer, and open one.</p>}</main>
    </>
  )
}

function openedId(): string {
  return decodeURIComponent(location.hash.slice(1))
}

function onAddress(changed: () => void): () => void {
  addEventListener('hashchange', changed)
  return () => removeEventListener('hashchange', changed)
}

const root = document.getElementById('page')
if (!root) throw new Error('index.html has no element with the id "page".')
createRoot(root).render(
  <StrictMode>
    <Provider value={c360Client('/graphql')}>
      <Page />
    </Provider>
  </StrictMode>,
)
