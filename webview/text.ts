/** Text that changes with the bytes. Only what differs is touched: each touch is style, layout and paint in every frame. */
export function setData(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}

/** The same for an element that holds nothing but text. */
export function setText(element: HTMLElement, text: string): void {
  const first = element.firstChild;
  // A node that is there is changed; a new one would be laid out as one.
  if (first instanceof Text && first.nextSibling === null) setData(first, text);
  else element.replaceChildren(document.createTextNode(text));
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

export function setTitle(element: HTMLElement, title: string): void {
  if (element.title !== title) element.title = title;
}
