import { type Decider, type Event, eventCodec } from '@talon/event-sourcing';
import { scheduleError } from './errors';

export const BOOKINGS_PER_DAY_DEFAULT = 1;
export const HOLD_MINUTES_DEFAULT = 5;
export const HOLIDAYS_MAX = 1_000;

export interface HospitalSettings {
  name: string;
  /** IANA. Sessions and templates planned without a zone take it; planned ones keep theirs. */
  zone: string;
  /** 1 to 100. */
  bookingsPerPatientDayMax: number;
  /** 1 to 60: how long an unpaid booking keeps its slot. */
  holdMinutes: number;
}

type Named = { hospitalId: string };
export type HospitalEvent =
  | Event<'HospitalAdded', Named & HospitalSettings & { requestHash: string }>
  /** Carries every setting, changed or not, so that readers need no history. */
  | Event<'HospitalChanged', Named & HospitalSettings>
  | Event<'HolidayAdded', Named & { date: string; name: string }>
  | Event<'HolidayRemoved', Named & { date: string }>;

export const hospitalCodec = eventCodec<HospitalEvent>({ HospitalAdded: 1, HospitalChanged: 1, HolidayAdded: 1, HolidayRemoved: 1 });

export type HospitalCommand =
  | { type: 'AddHospital'; data: Named & HospitalSettings & { requestHash: string } }
  | { type: 'ChangeHospital'; data: Named & Partial<HospitalSettings> }
  | { type: 'AddHoliday'; data: Named & { date: string; name: string } }
  | { type: 'RemoveHoliday'; data: Named & { date: string } };

export interface Hospital extends HospitalSettings {
  hospitalId: string;
  requestHash: string;
  /** Local date → name: templates plan nothing on these days. */
  holidays: ReadonlyMap<string, string>;
}

export const hospitalDecider: Decider<Hospital | null, HospitalCommand, HospitalEvent> = {
  initialState: null,
  decide({ type, data }, hospital) {
    if (type === 'AddHospital') {
      if (!hospital) return [{ type: 'HospitalAdded', data }];
      if (hospital.requestHash !== data.requestHash) throw scheduleError('key-reused', 'The key created another hospital');
      return [];
    }
    if (!hospital) throw scheduleError('hospital-not-found', `Hospital ${data.hospitalId} does not exist`);
    switch (type) {
      case 'ChangeHospital':
        return changeHospital(hospital, data);
      case 'AddHoliday': {
        if (hospital.holidays.get(data.date) === data.name) return [];
        if (!hospital.holidays.has(data.date) && hospital.holidays.size >= HOLIDAYS_MAX) {
          throw scheduleError('times-invalid', `A hospital has at most ${HOLIDAYS_MAX} holidays`, {
            fields: [{ field: 'date', message: 'is one holiday too many' }],
          });
        }
        return [{ type: 'HolidayAdded', data }];
      }
      case 'RemoveHoliday':
        if (!hospital.holidays.has(data.date)) throw scheduleError('holiday-not-found', `${data.date} is no holiday`);
        return [{ type: 'HolidayRemoved', data }];
    }
  },
  evolve(hospital, event) {
    if (event.type === 'HospitalAdded') return { ...event.data, holidays: new Map() };
    if (!hospital) return hospital;
    switch (event.type) {
      case 'HospitalChanged':
        return { ...hospital, ...event.data };
      case 'HolidayAdded':
        return { ...hospital, holidays: new Map(hospital.holidays).set(event.data.date, event.data.name) };
      case 'HolidayRemoved':
        return { ...hospital, holidays: new Map([...hospital.holidays].filter(([date]) => date !== event.data.date)) };
    }
  },
};

function changeHospital(hospital: Hospital, change: Named & Partial<HospitalSettings>): HospitalEvent[] {
  const data = {
    hospitalId: change.hospitalId,
    name: change.name ?? hospital.name,
    zone: change.zone ?? hospital.zone,
    bookingsPerPatientDayMax: change.bookingsPerPatientDayMax ?? hospital.bookingsPerPatientDayMax,
    holdMinutes: change.holdMinutes ?? hospital.holdMinutes,
  };
  const same =
    data.name === hospital.name &&
    data.zone === hospital.zone &&
    data.bookingsPerPatientDayMax === hospital.bookingsPerPatientDayMax &&
    data.holdMinutes === hospital.holdMinutes;
  return same ? [] : [{ type: 'HospitalChanged', data }];
}
