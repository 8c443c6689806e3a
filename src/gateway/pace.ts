/** Answers that one share should not exceed by much. */
const wantedBytes = 1024 * 1024
const first = 16
const most = 512

/** How many commands of one session leave at once: few at first, then as many as its answers are small. */
export class Pace {
  /** Commands of the next share. */
  commands = first

  /** @param commands of a share, and the bytes they were answered with */
  saw(commands: number, bytes: number): void {
    if (bytes > wantedBytes) this.commands = Math.max(1, Math.floor((commands * wantedBytes) / bytes))
    else if (this.commands < most && commands >= this.commands)
      this.commands = Math.min(most, 2 * this.commands)
  }
}
