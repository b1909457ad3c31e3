import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** The one folder that a view may load from. */
export function webviewRoot(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist');
}

/**
 * The page of a memory view: three files of ours under a policy that loads nothing else from anywhere. It may connect to this
 * machine, which is where a direct wire leads.
 */
export function viewHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64url');
  const file = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(webviewRoot(extensionUri), name)).toString();
  const own = webview.cspSource;
  // The toolkit takes the nonce from the meta element, for a style element that asks what the browser can do.
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${own} 'nonce-${nonce}'; font-src ${own}; img-src ${own}; connect-src ws://127.0.0.1:*`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file('codicon.css')}">
<link rel="stylesheet" href="${file('view.css')}">
<title>Live Memory</title>
</head>
<body>
<div id="app"></div>
<script nonce="${nonce}" src="${file('webview.js')}"></script>
</body>
</html>`;
}
