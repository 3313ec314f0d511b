/** An amount in the currency's smallest unit, e.g. 12.50 EUR = { amountMinor: 1250, currency: 'EUR' }. */
export interface Money {
  /** Integer, 0 to 1 000 000 000. */
  amountMinor: number;
  /** ISO 4217, three capital letters. */
  currency: string;
}
