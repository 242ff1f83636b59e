// Starts GraphiQL on this server's own endpoint, with the examples of docs/graphql.md beside it.
(function () {
  const WELCOME = [
    "# c360: who is this customer, and what have they been through with us?",
    "# Ctrl-Enter runs the query; Ctrl-Space offers fields; the light bulb on the left has examples.",
    "# A key goes into Headers below, then press “Re-fetch GraphQL schema” on the left.",
    "{",
    "  sourceComparison {",
    "    sentence",
    "  }",
    "  customers(first: 3, orderBy: [{ field: INTERACTION_COUNT, direction: DESC }]) {",
    "    nodes {",
    "      id",
    "      displayName",
    "      sources",
    "      interactions(first: 8) {",
    "        nodes {",
    "          occurredAt",
    "          kind",
    "          function",
    "          channel",
    "        }",
    "      }",
    "    }",
    "  }",
    "}",
    "",
  ].join("\n");
  const element = React.createElement;
  const ask = GraphiQL.createFetcher({
    url: "/graphql",
    headers: { Accept: "application/graphql-response+json, application/json;q=0.9" },
  });

  function fetcher(operation, options) {
    return isSubscription(operation) ? { subscribe: (sink) => listen(operation, options, sink) } : ask(operation, options);
  }

  // The document that GraphiQL hands along in the options is half a second behind what was typed.
  function isSubscription(operation) {
    try {
      const document = GraphiQL.GraphQL.parse(operation.query);
      const found = GraphiQL.GraphQL.getOperationAST(document, operation.operationName);
      return Boolean(found) && found.operation === "subscription";
    } catch {
      return false; // the server says what is wrong with the document
    }
  }

  // Server-sent events, so that the headers that were typed go along; a WebSocket could not take them.
  function listen(operation, options, sink) {
    const control = new AbortController();
    fetch("/graphql", {
      method: "POST",
      headers: { ...options.headers, "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(operation),
      signal: control.signal,
    })
      .then((answer) => (isEvents(answer) ? told(answer, sink) : answer.json().then((refused) => sink.next(refused))))
      .then(() => sink.complete())
      .catch((error) => control.signal.aborted || sink.error(error));
    return { unsubscribe: () => control.abort() };
  }

  function isEvents(answer) {
    return (answer.headers.get("Content-Type") || "").startsWith("text/event-stream");
  }

  async function told(answer, sink) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const blocks = (rest + read.value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n");
        if (lines.includes("event: complete")) return;
        const data = lines.find((line) => line.startsWith("data: "));
        if (data) sink.next(JSON.parse(data.slice(6)));
      }
    }
    throw new Error("The connection has ended. Subscribe again, `after` the cursor of the last event.");
  }

  // What GraphiQL calls a plugin: a list beside the editor; a click opens an example in a tab of its own.
  function examplesPlugin(examples) {
    function Examples() {
      const editor = GraphiQL.React.useEditorContext({ nonNull: true });
      const [picked, pick] = React.useState(null);
      React.useEffect(() => {
        if (!picked) return;
        editor.queryEditor.setValue(picked.query);
        editor.variableEditor.setValue(picked.variables);
        pick(null);
      }, [picked]);
      const open = (example) => () => {
        editor.addTab();
        pick(example);
      };
      return element(
        "section",
        { "aria-label": "Examples" },
        element("div", { className: "graphiql-doc-explorer-title" }, "Examples"),
        element(
          "ul",
          { className: "c360-examples" },
          examples.map((example) =>
            element(
              "li",
              { key: example.title },
              element("button", { type: "button", className: "graphiql-un-styled", onClick: open(example) }, example.title),
            ),
          ),
        ),
      );
    }
    return { title: "Examples", icon: Bulb, content: Examples };
  }

  function Bulb() {
    return element(
      "svg",
      { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5, "aria-hidden": true },
      element("path", { d: "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.4 1 1.2 1 2.1h5c0-.9.4-1.7 1-2.1A6 6 0 0 0 12 3z" }),
    );
  }

  async function start() {
    // Links of alerts and deliveries ask something: it is typed in, and not sent before somebody wants it.
    const asked = new URLSearchParams(window.location.search).get("query");
    const examples = await (await fetch("/graphiql/examples.json")).json();
    ReactDOM.createRoot(document.getElementById("graphiql")).render(
      element(GraphiQL, {
        fetcher: fetcher,
        defaultQuery: WELCOME,
        initialQuery: asked || undefined,
        shouldPersistHeaders: false,
        plugins: [examplesPlugin(examples)],
      }),
    );
  }
  start();
})();
