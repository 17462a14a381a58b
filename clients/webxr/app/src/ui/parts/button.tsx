// Buttons: with words, or with a drawing and a name that is read out and shown as a tooltip.
import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

export interface ButtonProps extends Omit<ButtonHTMLAttributes, "icon" | "class"> {
  readonly tone?: "primary" | "quiet" | "danger";
  readonly icon?: IconName;
  readonly disabled?: boolean;
  readonly class?: string;
  readonly type?: "button" | "submit";
  readonly children?: ComponentChildren;
}

export function Button({ tone = "quiet", icon, children, type = "button", class: extra, ...rest }: ButtonProps) {
  return (
    <button type={type} class={`button ${tone} ${extra ?? ""}`} {...rest}>
      {icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonHTMLAttributes, "icon" | "label" | "class"> {
  readonly icon: IconName;
  readonly label: string;
  /** A number to draw the eye, such as unread messages; nothing at 0. */
  readonly badge?: number;
  readonly disabled?: boolean;
  readonly class?: string;
  readonly type?: "button" | "submit";
}

export function IconButton({ icon, label, badge = 0, type = "button", class: extra, ...rest }: IconButtonProps) {
  return (
    <button type={type} class={`icon-button ${extra ?? ""}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
      {badge > 0 && (
        <span class="count" aria-hidden="true">
          {badge > 99 ? "99+" : badge}
        </span>
      )}
    </button>
  );
}
