// What stands around the view while one is in a room. Leaves the middle free.
import { useApp } from "../context";
import { Banner } from "./banner";
import { Chat } from "./chat";
import { Dock } from "./dock";
import { NetworkPanel } from "./network-panel";
import { PersonCard } from "./person-card";
import { PromptHint } from "./prompt-hint";
import { Roster } from "./roster";
import { TopBar } from "./top-bar";
import { TouchStick } from "./touch-stick";

export function Hud() {
  const { store, positions } = useApp();
  return (
    <div class="hud">
      <TopBar />
      <Banner />
      <main class="hud-main" id="main">
        <Roster />
        <PersonCard />
        {store.panels.value.has("network") && <NetworkPanel />}
        <Chat />
        <PromptHint />
        <TouchStick />
        <Dock />
      </main>
      <output
        hidden
        data-testid="own-position"
        ref={(element) => {
          positions.followOwn(element);
        }}
      />
    </div>
  );
}
