import { createButton } from './controls.ts';

/** The bar between the rows and the lines below them: what went wrong, or became of the process, and what to do. */
export interface Notice {
  show(notice: NoticeText): void;
  /** Takes away what does not last. */
  dismiss(): void;
  hide(): void;
}

export interface NoticeText {
  readonly severity: 'info' | 'error';
  readonly message: string;
  readonly actions?: readonly { readonly label: string; run(): void }[];
  /** Stays until it is hidden by whoever showed it; others go with the next key that does something. */
  readonly lasting?: boolean;
}

export function createNotice(parent: HTMLElement): Notice {
  const element = document.createElement('div');
  element.className = 'notice';
  element.hidden = true;
  parent.append(element);
  let lasting: NoticeText | undefined;

  function render(notice: NoticeText | undefined): void {
    element.hidden = notice === undefined;
    if (notice === undefined) return;
    element.dataset['severity'] = notice.severity;
    element.setAttribute('role', notice.severity === 'error' ? 'alert' : 'status');
    const icon = document.createElement('span');
    icon.className = `codicon codicon-${notice.severity}`;
    const text = document.createElement('span');
    text.className = 'message';
    text.textContent = notice.message;
    const actions = (notice.actions ?? []).map(
      (action) => createButton({ label: action.label, appearance: 'secondary', press: () => action.run() }).element,
    );
    const close = createButton({ icon: 'close', label: 'Dismiss', press: dismiss });
    element.replaceChildren(icon, text, ...actions, ...(notice.lasting === true ? [] : [close.element]));
  }

  function dismiss(): void {
    render(lasting);
  }

  return {
    show(notice) {
      if (notice.lasting === true) lasting = notice;
      // What can be done about a process that has gone can still be done while another sentence is read.
      render({ ...notice, actions: notice.actions ?? lasting?.actions ?? [] });
    },
    dismiss,
    hide() {
      lasting = undefined;
      render(undefined);
    },
  };
}
