-- A client's main contracts as of then, the running one last.
select client_id, contract_id, client_name, contract_start, contract_end, modules, dpa_signed_on, breach_notice,
  disposal_period
from core.contracts
where contract_start <= $as_of_on
order by client_id, contract_start, contract_id
