// Starts GraphiQL on this server's own endpoint, with a first query that works on any store.
(function () {
  const welcome = [
    "# c360: who is this customer, and what have they been through with us?",
    "# Ctrl-Enter runs the query; Ctrl-Space offers fields.",
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
  const fetcher = GraphiQL.createFetcher({
    url: "/graphql",
    headers: { Accept: "application/graphql-response+json, application/json;q=0.9" },
  });
  ReactDOM.createRoot(document.getElementById("graphiql")).render(
    React.createElement(GraphiQL, { fetcher: fetcher, defaultQuery: welcome, shouldPersistHeaders: false }),
  );
})();
