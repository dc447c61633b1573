-- The floor of each check: the plain hash join over the keys it reads, without time, order or reasons. One statement a check.

-- access_authorisation
SELECT count(*) FROM core.processing_events AS e
SEMI JOIN core.access_grants AS g ON g.actor_id = e.actor_id AND g.system_id = e.system_id;

-- communication_preferences
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key, channel FROM core.processing_events
  WHERE operation = 'contact') AS e
SEMI JOIN core.preference_intervals AS i
  ON i.subject_id = e.subject_id AND i.client_key = e.client_key AND i.channel = e.channel;

-- consent_coverage
SELECT count(*) FROM (
  SELECT e.subject_id, coalesce(e.client_id, '') AS client_key, a.purpose
  FROM core.processing_events AS e JOIN core.processing_activities AS a ON a.activity_id = e.activity_id
  WHERE a.legal_basis = 'consent') AS e
SEMI JOIN core.consent_intervals AS i
  ON i.subject_id = e.subject_id AND i.client_key = e.client_key AND i.purpose = e.purpose;

-- consent_records
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.consents WHERE status = 'given') AS c
SEMI JOIN (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.processing_events) AS e
  ON e.subject_id = c.subject_id AND e.client_key = c.client_key;

-- cookie_consent
SELECT count(*) FROM (SELECT visitor_id, 'cookies:' || purpose AS purpose FROM core.cookie_events
  WHERE purpose <> 'necessary') AS e
SEMI JOIN core.consent_intervals AS i ON i.subject_id = e.visitor_id AND i.purpose = e.purpose;

-- erasure_effectiveness
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.processing_events) AS e
SEMI JOIN (SELECT subject_id, coalesce(client_id, '') AS client_key FROM core.requests) AS r
  ON r.subject_id = e.subject_id AND r.client_key = e.client_key;

-- lawful_basis
SELECT count(*) FROM core.processing_events AS e
JOIN core.processing_activities AS a ON a.activity_id = e.activity_id
JOIN house.purpose_bases AS p ON p.purpose = a.purpose AND p.legal_basis = a.legal_basis;

-- processor_scope
SELECT count(*) FROM core.processing_events AS e
JOIN (SELECT client_id, count(*) AS n FROM core.contracts GROUP BY client_id) AS c ON c.client_id = e.client_id
JOIN core.processing_activities AS a ON a.activity_id = e.activity_id;

-- retention
SELECT count(*) FROM (SELECT subject_id, coalesce(client_id, '') AS client_key, client_id FROM core.data_records) AS r
LEFT JOIN (SELECT subject_id, coalesce(client_id, '') AS client_key, relationship_ended_on FROM core.subjects) AS s
  ON s.subject_id = r.subject_id AND s.client_key = r.client_key
LEFT JOIN (SELECT client_id, max(contract_end) AS contract_end FROM core.contracts GROUP BY client_id) AS c
  ON c.client_id = r.client_id
WHERE s.relationship_ended_on IS NULL OR c.contract_end IS NULL;

-- scope_of_processing
SELECT count(*) FROM core.processing_events AS e
JOIN core.processing_activities AS a ON a.activity_id = e.activity_id
WHERE e.client_id IS NULL AND e.system_id IS NOT NULL;

-- third_country_transfers
SELECT count(*) FROM core.processing_events AS e
JOIN core.recipients AS r ON r.recipient_id = e.recipient_id JOIN law.eea AS x ON x.country = r.country;

-- third_party_agreements
SELECT count(*) FROM core.processing_events AS e
JOIN core.recipients AS r ON r.recipient_id = e.recipient_id
WHERE e.occurred_at IS NOT NULL;
