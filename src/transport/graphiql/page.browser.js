// Runs in GraphiQL's page, before it. The server puts `const parley = { options, demo }` before this.
const editors = () => globalThis.__MONACO.editor
const headersFile = 'request-headers.json'
const variablesFile = 'variables.json'
const isFile = (model, name) => model.uri.path.endsWith(name)
const textOf = (name) => {
  const model = editors()
    .getModels()
    .find((each) => isFile(each, name))
  return model?.getValue() ?? ''
}

// GraphiQL passes its headers to HTTP requests only. Its WebSocket client asks for connectionParams at each connect, so the
// authorization is read from the header editor at that moment.
const readAuthorization = () => {
  const authorization = /"authorization"\s*:\s*"([^"]*)"/i.exec(textOf(headersFile))?.[1]
  return authorization ? { authorization } : {}
}

// GraphiQL looks for the tab that equals its initial values and opens an empty one when there is none, which is always,
// unless it is told the values of the tab that was active. Of the very first one it would leave the variables out.
const readActiveTab = () => {
  const { tabs = parley.options.defaultTabs, activeTabIndex = 0 } = JSON.parse(
    localStorage.getItem('graphiql:tabState') ?? '{}',
  )
  const linkedQuery = new URLSearchParams(location.search).get('query')
  if (linkedQuery && !tabs.some((tab) => tab.query === linkedQuery)) return {}
  const { query, variables, headers } = tabs[activeTabIndex] ?? {}
  return query ? { initialQuery: query, initialVariables: variables, initialHeaders: headers } : {}
}

// Signing in as one of the demo people, by the API that everybody has. Who is signed in is this window's own; the tabs are
// kept by the browser for all of its windows, so what was put into them before is replaced by what is this window's.
const signInControl = ({ people, password, placeholders }) => {
  const kept = 'parley:signed-in'
  const putBefore = 'parley:put-into-tabs'
  const renewBeforeMs = 60_000
  const maxPutBefore = 60
  let signedIn = JSON.parse(sessionStorage.getItem(kept) ?? 'null')
  let renewing = null

  const ask = async (query, variables, accessToken) => {
    const response = await fetch(location.pathname, {
      method: 'POST',
      // Its refresh cookie would be that of all windows.
      credentials: 'omit',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(accessToken && { authorization: `Bearer ${accessToken}` }),
      },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = await response.json()
    if (errors) throw new Error(errors[0].message)
    return Object.values(data)[0]
  }

  const session = `{ __typename
    ... on RegisterSuccess { session { accessToken accessTokenExpiresAt user { id } } }
    ... on LoginSuccess { session { accessToken accessTokenExpiresAt user { id } } }
    ... on Error { reason } }`
  const sessionOf = async ({ handle, displayName }) => {
    const only = (type) => session.replace(type === 'Login' ? /\.\.\. on Reg.*/ : /\.\.\. on Log.*/, '')
    const known = await ask(`mutation ($input: LoginInput!) { login(input: $input) ${only('Login')} }`, {
      input: { handle, password },
    })
    if (known.session) return known.session
    const made = await ask(`mutation ($input: RegisterInput!) { register(input: $input) ${only('Register')} }`, {
      input: { handle, displayName, password },
    })
    if (made.session) return made.session
    throw new Error(`${handle} has another password than the demo's. Sign in by hand, or as somebody else.`)
  }

  const idOf = async (person, accessToken) => {
    const search = 'query ($query: String!) { searchUsers(query: $query) { nodes { id handle } } }'
    const { nodes } = await ask(search, { query: person.handle }, accessToken)
    return nodes.find(({ handle }) => handle === person.handle)?.id ?? (await sessionOf(person)).user.id
  }

  const signIn = async (person) => {
    const { accessToken, accessTokenExpiresAt, user } = await sessionOf(person)
    const peer = people.find(({ handle }) => handle !== person.handle)
    const peerId = await idOf(peer, accessToken)
    const start = `mutation ($input: StartDirectInput!) { startDirect(input: $input) {
      ... on StartDirectSuccess { conversation { id messages(last: 20) { nodes { id sender { id } } } } }
      ... on Error { reason } } }`
    const { conversation, reason } = await ask(start, { input: { userId: peerId } }, accessToken)
    if (!conversation) throw new Error(reason)
    const clientMessageId = signedIn?.values.clientMessageId ?? `hello-${crypto.randomUUID().slice(0, 8)}`
    // Their newest message, else the newest one: what the tabs about messages act on.
    const { nodes } = conversation.messages
    const newest = nodes.findLast(({ sender }) => sender.id === user.id) ?? nodes.at(-1)
    const messageId = newest?.id ?? placeholders.messageId
    const values = { accessToken, peerId, conversationId: conversation.id, clientMessageId, messageId }
    signedIn = { handle: person.handle, expiresAtMs: Date.parse(accessTokenExpiresAt), values }
    sessionStorage.setItem(kept, JSON.stringify(signedIn))
    const before = JSON.parse(localStorage.getItem(putBefore) ?? '[]')
    const put = Object.entries(values).filter((one) => !before.some((other) => `${other}` === `${one}`))
    localStorage.setItem(putBefore, JSON.stringify([...before, ...put].slice(-maxPutBefore)))
    editors().getModels().forEach(fill)
    show()
  }

  // One tab is in the editors at a time; the others are filled when they come there.
  const fill = (model) => {
    if (!signedIn || model.isDisposed() || !(isFile(model, headersFile) || isFile(model, variablesFile))) return
    const text = model.getValue()
    const before = JSON.parse(localStorage.getItem(putBefore) ?? '[]')
    const filled = [...Object.entries(placeholders), ...before].reduce(
      // All of them end a text: one message's id may be the beginning of another's.
      (filledSoFar, [name, value]) => filledSoFar.replaceAll(`${value}"`, `${signedIn.values[name]}"`),
      text,
    )
    if (filled !== text) model.setValue(filled)
  }

  const renewIfDue = () => {
    const person = people.find(({ handle }) => handle === signedIn?.handle)
    if (!person || signedIn.expiresAtMs - renewBeforeMs > Date.now()) return
    renewing ??= signIn(person)
      .catch(fail)
      .finally(() => (renewing = null))
  }

  const bar = document.createElement('div')
  bar.className = 'parley-sign-in'
  bar.append('Sign in as')
  const buttons = people.map((person) => {
    const button = document.createElement('button')
    button.textContent = person.displayName
    button.addEventListener('click', () => {
      said.textContent = '…'
      signIn(person).catch(fail)
    })
    bar.append(button)
    return button
  })
  const said = document.createElement('output')
  bar.append(said)
  const fail = (error) => (said.textContent = error.message)
  const show = () => {
    buttons.forEach((button, at) => button.setAttribute('aria-pressed', people[at].handle === signedIn?.handle))
    const person = people.find(({ handle }) => handle === signedIn?.handle)
    said.textContent = person ? `${person.displayName}'s token is in the headers of all tabs, and renewed.` : ''
  }
  document.querySelector('#root').before(bar)
  show()

  const watch = (model) => {
    fill(model)
    // After GraphiQL's own listeners.
    model.onDidChangeContent(() => queueMicrotask(() => fill(model)))
  }
  const waitForEditors = setInterval(() => {
    if (!globalThis.__MONACO) return
    clearInterval(waitForEditors)
    editors().getModels().forEach(watch)
    editors().onDidCreateModel(watch)
    renewIfDue()
  }, 50)
  setInterval(renewIfDue, 10_000)
  document.addEventListener('visibilitychange', renewIfDue)
}

if (parley.demo) signInControl(parley.demo)
globalThis.YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  ...parley.options,
  ...readActiveTab(),
  connectionParams: readAuthorization,
})
