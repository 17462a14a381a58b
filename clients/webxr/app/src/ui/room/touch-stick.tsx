// A stick to walk with, where fingers are the pointer; dragging anywhere else looks around. Shown by CSS alone, on coarse
// pointers.
import { useSignal } from "@preact/signals";
import { useApp } from "../context";

/** How far the knob goes, CSS pixels. */
const REACH_PX = 48;

export function TouchStick() {
  const { actions, t } = useApp();
  const knob = useSignal({ x: 0, y: 0 });
  const move = (x: number, y: number) => {
    const length = Math.hypot(x, y);
    const scale = length > REACH_PX ? REACH_PX / length : 1;
    knob.value = { x: x * scale, y: y * scale };
    actions.walkByTouch((x * scale) / REACH_PX, (-y * scale) / REACH_PX);
  };
  const follow = (event: PointerEvent & { readonly currentTarget: HTMLElement }) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    move(event.clientX - left - width / 2, event.clientY - top - height / 2);
  };
  const stop = () => {
    move(0, 0);
  };
  return (
    <div
      class="stick"
      role="img"
      aria-label={t("touch.stick")}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
      }}
      onPointerUp={stop}
      onPointerCancel={stop}
    >
      <i style={{ transform: `translate(${knob.value.x}px, ${knob.value.y}px)` }} />
    </div>
  );
}
