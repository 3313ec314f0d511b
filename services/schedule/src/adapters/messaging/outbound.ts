import { type Outbound, type PublicEvent, scheduleEvents } from '@talon/contracts';
import { type EventCodec, type Event, type RecordedEvent, categoryOf } from '@talon/event-sourcing';
import { departmentCodec, type DepartmentEvent } from '../../domain/department';
import { doctorCodec, type DoctorEvent } from '../../domain/doctor';
import { hospitalCodec, type HospitalEvent } from '../../domain/hospital';
import { sessionCodec, type SessionEvent } from '../../domain/session';

/** What the world learns about the schedule. Templates, agendas and holidays concern nobody outside: their sessions do. */
export const scheduleOutbound: Outbound = {
  categories: ['hospital', 'department', 'doctor', 'session'],
  storedNames: {
    ...named(hospitalCodec.namesOf('HospitalAdded'), scheduleEvents.hospitalAdded.type),
    ...named(hospitalCodec.namesOf('HospitalChanged'), scheduleEvents.hospitalChanged.type),
    ...named(departmentCodec.namesOf('DepartmentAdded'), scheduleEvents.departmentAdded.type),
    ...named(doctorCodec.namesOf('DoctorAdded'), scheduleEvents.doctorAdded.type),
    ...named(sessionCodec.namesOf('SessionPlanned'), scheduleEvents.sessionPlanned.type),
    ...named(sessionCodec.namesOf('SlotsAdded'), scheduleEvents.slotsAdded.type),
    ...named(sessionCodec.namesOf('SlotsWithdrawn'), scheduleEvents.slotsWithdrawn.type),
    ...named(sessionCodec.namesOf('SessionSuspended'), scheduleEvents.sessionSuspended.type),
    ...named(sessionCodec.namesOf('SessionResumed'), scheduleEvents.sessionResumed.type),
  },
  map(event) {
    switch (categoryOf(event.stream)) {
      case 'hospital': return mapped(hospitalCodec, event, ofHospital);
      case 'department': return mapped(departmentCodec, event, ofDepartment);
      case 'doctor': return mapped(doctorCodec, event, ofDoctor);
      case 'session': return mapped(sessionCodec, event, ofSession);
      default: return null;
    }
  },
};

function named(storedNames: string[], publicType: string): Record<string, string[]> {
  return Object.fromEntries(storedNames.map((name) => [name, [publicType]]));
}

const mapped = <E extends Event>(codec: EventCodec<E>, event: RecordedEvent, map: (event: E) => PublicEvent | null) =>
  codec.knows(event.type) ? map(codec.decode(event)) : null;

function ofHospital(event: HospitalEvent): PublicEvent | null {
  if (event.type !== 'HospitalAdded' && event.type !== 'HospitalChanged') return null;
  const { hospitalId, name } = event.data;
  return (event.type === 'HospitalAdded' ? scheduleEvents.hospitalAdded : scheduleEvents.hospitalChanged).of({ hospitalId, name });
}

function ofDepartment({ type, data: { hospitalId, departmentId, name } }: DepartmentEvent): PublicEvent | null {
  return type === 'DepartmentAdded' ? scheduleEvents.departmentAdded.of({ hospitalId, departmentId, name }) : null;
}

function ofDoctor({ type, data: { hospitalId, departmentId, doctorId, name } }: DoctorEvent): PublicEvent | null {
  return type === 'DoctorAdded' ? scheduleEvents.doctorAdded.of({ hospitalId, departmentId, doctorId, name }) : null;
}

function ofSession({ type, data }: SessionEvent): PublicEvent | null {
  switch (type) {
    case 'SessionPlanned': {
      const { sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, slotCount, opensAt, price } = data;
      const visit = { sessionId, hospitalId, departmentId, doctorId, date, zone, startsAt, endsAt, slotCount };
      return scheduleEvents.sessionPlanned.of({ ...visit, ...(opensAt !== null && { opensAt }), ...(price !== null && { price }) });
    }
    case 'SlotsAdded': {
      const { sessionId, hospitalId, slots, reason } = data;
      return scheduleEvents.slotsAdded.of({ sessionId, hospitalId, numbers: slots.map(({ number }) => number), reason });
    }
    case 'SlotsWithdrawn': {
      const { sessionId, hospitalId, numbers, reason } = data;
      return scheduleEvents.slotsWithdrawn.of({ sessionId, hospitalId, numbers, reason });
    }
    case 'SessionSuspended':
      return scheduleEvents.sessionSuspended.of({ sessionId: data.sessionId, hospitalId: data.hospitalId, reason: data.reason });
    case 'SessionResumed':
      return scheduleEvents.sessionResumed.of({ sessionId: data.sessionId, hospitalId: data.hospitalId });
  }
}
