// Keeps one broken view from taking the whole page with it.

import { Component, type ComponentChildren, type JSX } from "preact";
import { words } from "./texts";
import { Button } from "./parts";

/** So much of an error is shown. */
const CHARACTERS_MAX = 300;

interface Props {
  children: ComponentChildren;
}

/** Shows what is in it, or that it broke and a way to try again; a `key` of the place makes it begin anew elsewhere. */
export class Boundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static override getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error: error ?? new Error() };
  }

  override render(): JSX.Element {
    const { error } = this.state;
    if (error === null) return <>{this.props.children}</>;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return (
      <div class="page">
        <h1>{words().broken}</h1>
        <div class="notice notice-missing" role="alert">
          <p>{words().brokenText}</p>
          <p class="small"><code>{text.slice(0, CHARACTERS_MAX)}</code></p>
          <Button onClick={() => this.setState({ error: null })}>{words().again}</Button>
        </div>
      </div>
    );
  }
}
