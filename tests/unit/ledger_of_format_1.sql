BEGIN TRANSACTION;
CREATE TABLE entry (
    sequence integer primary key,
    study text not null,
    person_id text not null,
    site text not null,
    meeting_date text not null,
    arm text not null,
    stratum text not null,
    scheme text not null,
    scheme_version text not null,
    library text not null,
    bit_generator text not null,
    list_sha256 text,
    key_fingerprint text,
    allocated_on text,
    recorded_at text not null,
    operator text not null,
    previous_hash text not null,
    hash text not null,
    unique (study, person_id)
);
INSERT INTO "entry" VALUES(1,'drive','p_00000000000000000001','site_2','2016-04-15','intervention','site_2|2016-04-15','imported','1','imported','imported','abababababababababababababababababababababababababababababababab','aaaa',NULL,'2016-04-15T09:01:00.000000+00:00','trial office','0000000000000000000000000000000000000000000000000000000000000000','ab98cc1204a4258dc1e11f4d997ba0f3f533b0dac49242408fbcb1d942bae980');
INSERT INTO "entry" VALUES(2,'drive','p_00000000000000000002','site_3','2016-04-16','control','site_3|2016-04-16','imported','1','imported','imported','abababababababababababababababababababababababababababababababab','aaaa',NULL,'2016-04-15T09:01:00.000000+00:00','trial office','ab98cc1204a4258dc1e11f4d997ba0f3f533b0dac49242408fbcb1d942bae980','0e0fba32101d81dee908f826f13c9face80723b9ab9864db79810eb697b2aef8');
INSERT INTO "entry" VALUES(3,'drive','p_00000000000000000003','site_1','2016-04-17','control','site_1|2016-04-17','imported','1','imported','imported','abababababababababababababababababababababababababababababababab','aaaa',NULL,'2016-04-15T09:01:00.000000+00:00','trial office','0e0fba32101d81dee908f826f13c9face80723b9ab9864db79810eb697b2aef8','6815300feed386c33541071568db62444fabb469a92e12529d76244e7790fca5');
INSERT INTO "entry" VALUES(4,'restart','p_00000000000000000004','site_2','2016-04-18','intervention','site_2|2016-04-18','capacity_lottery','1','numpy 2.4.6','numpy PCG64',NULL,'aaaa','2016-04-20','2016-04-15T09:02:00.000000+00:00','trial office','6815300feed386c33541071568db62444fabb469a92e12529d76244e7790fca5','f8b721020827763f9e90a60b299457b7a9f81a994e2eff397906a84cb1f8ccb4');
INSERT INTO "entry" VALUES(5,'drive','p_00000000000000000005','site_3','2016-04-19','control','site_3|2016-04-19','imported','1','imported','imported','abababababababababababababababababababababababababababababababab','aaaa',NULL,'2016-04-15T09:03:00.000000+00:00','trial office','f8b721020827763f9e90a60b299457b7a9f81a994e2eff397906a84cb1f8ccb4','76cc8fc447c19fd8fe411edd18148795ee74f145ba1181a3fcbe5674d3a23dda');
CREATE TRIGGER entry_never_updated before update on entry
begin select raise(abort, 'the ledger is append only'); end;
CREATE TRIGGER entry_never_deleted before delete on entry
begin select raise(abort, 'the ledger is append only'); end;
CREATE TRIGGER entry_only_at_the_end before insert on entry
when new.sequence is not (select coalesce(max(sequence), 0) + 1 from entry)
    or new.previous_hash is not coalesce(
        (select hash from entry order by sequence desc limit 1), '0000000000000000000000000000000000000000000000000000000000000000'
    )
    or exists (select 1 from entry where study = new.study and person_id = new.person_id)
begin select raise(abort, 'the ledger grows at its end, by people not allocated before'); end;
COMMIT;
