// Form fields with a label that belongs to them.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface SelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly text: string; readonly lang?: string }[];
  readonly onChoose: (value: Value) => void;
  readonly isLabelHidden?: boolean;
  readonly testId: string;
}

export function Select<Value extends string>(props: SelectProps<Value>) {
  const { label, value, options, onChoose, isLabelHidden = false, testId } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={isLabelHidden ? "unseen" : ""}>
        {label}
      </label>
      <select
        id={id}
        data-testid={testId}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.currentTarget.value);
          if (chosen !== undefined) onChoose(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} lang={option.lang} selected={option.value === value}>
            {option.text}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onToggle: (isOn: boolean) => void;
}

export function Switch({ label, isOn, onToggle }: SwitchProps) {
  return (
    <label class="switch">
      <span>{label}</span>
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        onChange={(event) => {
          onToggle(event.currentTarget.checked);
        }}
      />
    </label>
  );
}

export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": hint === undefined ? undefined : `${id}-hint` })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: (control: { id: string; "aria-describedby": string | undefined }) => ComponentChildren;
}

/** The direction of a field that people type in: that of what they typed, or of the page for the words that stand in for it. */
export function typedDirection(typed: string): "auto" | undefined {
  return typed === "" ? undefined : "auto";
}
