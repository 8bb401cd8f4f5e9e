import { load } from "onpage";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const SITE = new URLSearchParams(location.search).get("site") ?? "/onpage/";

/** The model of a site: null while it loads. */
function useModel(site) {
  const [state, setState] = useState({ model: null, progress: 0, error: null });
  useEffect(() => {
    const ended = new AbortController();
    const onProgress = ({ loaded, total }) => setState((before) => ({ ...before, progress: loaded / total }));
    let loaded = null;
    load(site, { signal: ended.signal, onProgress }).then(
      (model) => setState({ model: (loaded = model), progress: 1, error: null }),
      (error) => ended.signal.aborted || setState({ model: null, progress: 0, error }),
    );
    return () => {
      ended.abort();
      loaded?.close();
    };
  }, [site]);
  return state;
}

function App() {
  const { model, progress, error } = useModel(SITE);
  const [text, setText] = useState("");
  const [status, setStatus] = useState("");

  async function ask(event) {
    event.preventDefault();
    setText("");
    const answer = model.ask(new FormData(event.currentTarget).get("question"), { tokens: 24 });
    for await (const piece of answer) setText((before) => before + piece);
    setStatus(`ended: ${(await answer.figures).ended}`);
  }

  const loading = error ? `${error.code}: ${error.detail}` : model ? `${model.about.name} on ${model.about.backend}` : `Loading ${Math.round(progress * 100)} %`;
  return (
    <>
      <p id="status">{status || loading}</p>
      <form onSubmit={ask}>
        <label>
          Your question <input name="question" defaultValue="The library opens on Monday, 3 May." />
        </label>
        <button id="ask" disabled={!model}>Ask</button>
      </form>
      <p id="answer">{text}</p>
    </>
  );
}

createRoot(document.querySelector("#root")).render(<App />);
