import { units, type Unit } from '../common/value.ts';
import { createButton, createChoice, createText } from './controls.ts';

/** The bar that asks for one value: a typed one to write, or a pattern to fill with. */
export interface Prompt {
  /** Shows the bar. `check` answers a sentence where the text will not do; else the bar closes and `accept` runs. */
  ask(question: Question): void;
  close(): void;
}

export interface Question {
  readonly label: string;
  readonly text: string;
  /** With a unit, the bar offers the others too. */
  readonly unit?: Unit;
  readonly button: string;
  /** A sentence, or undefined where the text will do and has been taken. */
  accept(text: string, unit: Unit): string | undefined;
}

export function createPrompt(parent: HTMLElement, closed: () => void): Prompt {
  const element = document.createElement('div');
  element.className = 'prompt';
  element.hidden = true;
  element.setAttribute('role', 'group');
  const label = document.createElement('label');
  const problem = document.createElement('span');
  problem.className = 'problem';
  problem.setAttribute('role', 'alert');
  let question: Question | undefined;
  let unit: Unit = 'i32';

  const field = createText({ label: 'Value', submit: (text) => submit(text), cancel: close });
  const choice = createChoice<Unit>({
    label: 'Type',
    choices: units.map((value) => ({ value, text: value })),
    choose: (value) => (unit = value),
  });
  const buttonPlace = document.createElement('span');
  element.append(label, field.element, choice.element, buttonPlace, problem);
  parent.append(element);

  function submit(text: string): void {
    if (question === undefined) return;
    const wrong = question.accept(text, unit);
    problem.textContent = wrong ?? '';
    field.setInvalid(wrong !== undefined);
    if (wrong === undefined) close();
  }

  function close(): void {
    if (question === undefined) return;
    question = undefined;
    element.hidden = true;
    closed();
  }

  return {
    ask(next) {
      question = next;
      unit = next.unit ?? unit;
      label.textContent = next.label;
      element.setAttribute('aria-label', next.label);
      problem.textContent = '';
      field.setInvalid(false);
      choice.element.hidden = next.unit === undefined;
      choice.show(unit);
      buttonPlace.replaceChildren(
        createButton({ label: next.button, press: () => submit(field.text) }).element,
        createButton({ label: 'Cancel', appearance: 'secondary', press: close }).element,
      );
      element.hidden = false;
      field.text = next.text;
      // The field's own input exists once it has been laid out.
      requestAnimationFrame(() => field.focus());
    },
    close,
  };
}
