/**
 * THE ONLY IMPORT of @vscode/webview-ui-toolkit. It is archived upstream, so that another set of controls must be able
 * to take its place by changing this file alone: nothing outside knows its element names or its events.
 *
 * Each control by itself: the package's one bundle holds all of them, and the template of its badge has an inline style
 * that the view's policy rightly refuses.
 */
import { vsCodeButton, type Button } from '@vscode/webview-ui-toolkit/dist/button/index.js';
import { vsCodeDropdown, type Dropdown } from '@vscode/webview-ui-toolkit/dist/dropdown/index.js';
import { vsCodeOption, type Option } from '@vscode/webview-ui-toolkit/dist/option/index.js';
import { vsCodeTextField, type TextField } from '@vscode/webview-ui-toolkit/dist/text-field/index.js';
import { provideVSCodeDesignSystem } from '@vscode/webview-ui-toolkit/dist/vscode-design-system.js';

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeDropdown(), vsCodeOption(), vsCodeTextField());

export interface ButtonOptions {
  /** A codicon's name; with a label, the label is the tooltip and what a screen reader says. */
  readonly icon?: string;
  readonly label: string;
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  press(): void;
}

export interface ButtonControl {
  readonly element: HTMLElement;
  setIcon(icon: string, label: string): void;
  setPressed(pressed: boolean): void;
  setEnabled(enabled: boolean): void;
}

export function createButton(options: ButtonOptions): ButtonControl {
  const button = document.createElement('vscode-button') as Button;
  button.appearance = options.appearance ?? (options.icon === undefined ? 'primary' : 'icon');
  let shown = '';
  const show = (icon: string | undefined, label: string): void => {
    if (shown === `${icon} ${label}`) return;
    shown = `${icon} ${label}`;
    if (icon === undefined) {
      button.textContent = label;
      return;
    }
    const glyph = document.createElement('span');
    glyph.className = `codicon codicon-${icon}`;
    button.replaceChildren(glyph);
    button.title = label;
    button.ariaLabel = label;
    button.setAttribute('aria-label', label);
  };
  show(options.icon, options.label);
  button.addEventListener('click', () => options.press());
  return {
    element: button,
    setIcon: show,
    setPressed(pressed) {
      button.setAttribute('aria-pressed', String(pressed));
      button.classList.toggle('pressed', pressed);
    },
    setEnabled(enabled) {
      button.disabled = !enabled;
    },
  };
}

export interface ChoiceOptions<T extends string> {
  readonly label: string;
  readonly choices: readonly { readonly value: T; readonly text: string }[];
  choose(value: T): void;
}

export interface ChoiceControl<T extends string> {
  readonly element: HTMLElement;
  show(value: T): void;
}

/** One of several, by name. */
export function createChoice<T extends string>(options: ChoiceOptions<T>): ChoiceControl<T> {
  const dropdown = document.createElement('vscode-dropdown') as Dropdown;
  dropdown.ariaLabel = options.label;
  dropdown.setAttribute('aria-label', options.label);
  dropdown.title = options.label;
  for (const { value, text } of options.choices) {
    const option = document.createElement('vscode-option') as Option;
    option.value = value;
    option.textContent = text;
    dropdown.append(option);
  }
  dropdown.addEventListener('change', () => {
    const chosen = options.choices.find((choice) => choice.value === dropdown.value);
    if (chosen !== undefined) options.choose(chosen.value);
  });
  return {
    element: dropdown,
    show(value) {
      // The list's options come to life after the dropdown; before that only its first one can be shown.
      void customElements.whenDefined('vscode-option').then(() => (dropdown.value = value));
    },
  };
}

export interface TextOptions {
  readonly label: string;
  readonly placeholder?: string;
  /** Enter was pressed. */
  submit(text: string): void;
  cancel(): void;
}

export interface TextControl {
  readonly element: HTMLElement;
  text: string;
  readonly hasFocus: boolean;
  /** Focuses the field with all of its text selected. */
  focus(): void;
  setInvalid(invalid: boolean): void;
}

export function createText(options: TextOptions): TextControl {
  const field = document.createElement('vscode-text-field') as TextField;
  field.ariaLabel = options.label;
  field.setAttribute('aria-label', options.label);
  field.spellcheck = false;
  if (options.placeholder !== undefined) field.placeholder = options.placeholder;
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') options.submit(field.value);
    else if (event.key === 'Escape') options.cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    element: field,
    get text() {
      return field.value;
    },
    set text(text) {
      field.value = text;
    },
    get hasFocus() {
      return document.activeElement === field;
    },
    focus() {
      field.focus();
      field.control.select();
    },
    setInvalid(invalid) {
      field.classList.toggle('invalid', invalid);
      field.setAttribute('aria-invalid', String(invalid));
    },
  };
}
