/** Reports go to stdout: as JSON for programs, else as the text given. */
export function print(asJson: boolean | undefined, report: object, text: () => string): void {
  process.stdout.write(`${asJson ? JSON.stringify(report, null, 2) : text()}\n`);
}
